package ui

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rehearsal/programs/gloo-mesh/mgmt"
)

func pageOf(t *testing.T, address string) string {
	t.Helper()
	recorder := httptest.NewRecorder()
	Console(address).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	return recorder.Body.String()
}

func TestThePageListsResourcesAndSaysWhatItIs(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode([]mgmt.Resource{
			{Cluster: "devmgmt", Kind: "KubernetesCluster", Name: "devcluster1", Approval: "ACCEPTED", Agent: "agent connected"},
			{Cluster: "devcluster1", Kind: "VirtualGateway", Name: "north-south-gw", Approval: "WARNING", Message: "<none>"},
		})
	}))
	defer backend.Close()
	page := pageOf(t, backend.URL)
	for _, part := range []string{"This is not Gloo Mesh's UI", "agent connected", "north-south-gw", "WARNING", "&lt;none&gt;"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %s: %s", part, page)
		}
	}
}

func TestThePageSaysWhoDoesNotAnswer(t *testing.T) {
	backend := httptest.NewServer(http.NotFoundHandler())
	address := backend.URL
	backend.Close()
	if page := pageOf(t, address); !strings.Contains(page, "The management server cannot be asked:") {
		t.Errorf("the page does not say it: %s", page)
	}
}
