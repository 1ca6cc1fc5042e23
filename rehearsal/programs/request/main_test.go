package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func server(t *testing.T) *httptest.Server {
	t.Helper()
	started := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			time.Sleep(300 * time.Millisecond)
		}
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Host, r.Header.Get("x-a"), body)
	}))
	t.Cleanup(started.Close)
	return started
}

func TestWritesWhatCurlWould(t *testing.T) {
	url := server(t).URL
	host := strings.TrimPrefix(url, "http://")
	for _, each := range []struct {
		args   []string
		output string
		code   int
	}{
		{[]string{"-s", "-o", "/dev/null", "-m", "10", "-w", "%{http_code}", url + "/productpage"}, "403", 0},
		{[]string{"-s", url, "-w", `\n%{http_code}\n`}, "GET " + host + "  \n403\n", 0},
		{[]string{"-s", "-H", "x-a: b", "-H", "Host: c", "-d", "e=f", host}, "POST c b e=f", 0},
		{[]string{"-s", "-o", "/dev/null", "-m", "0.05", "-w", "%{http_code}", url + "/slow"}, "000", tooLate},
		{[]string{"-s", "-w", "%{http_code}", "http://127.0.0.1:1/"}, "000", noAnswer},
		{[]string{"-s", "-w", "%{http_code}", "http://nowhere.invalid/"}, "000", noHost},
	} {
		wished, err := parse(each.args)
		if err != nil {
			t.Fatal(err)
		}
		var output strings.Builder
		if code := run(wished, &output, io.Discard); code != each.code || output.String() != each.output {
			t.Errorf("%q: exit code %d, %q", each.args, code, output.String())
		}
	}
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"-s"}, {"--http3", "http://a"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
