// Package ui is Gloo Mesh's UI: a backend that asks the management server, a console with one page, and a proxy before
// both.
package ui

import (
	"context"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"time"

	"rehearsal/programs/gloo-mesh/mgmt"
	"rehearsal/programs/gloo-mesh/plain"
)

//go:embed page.html
var files embed.FS

var page = template.Must(template.ParseFS(files, "page.html"))

// shown are the kinds that the page lists, with their titles.
var shown = []struct{ Kind, Title string }{
	{"KubernetesCluster", "Clusters"},
	{"Workspace", "Workspaces"},
	{"VirtualGateway", "Virtual gateways"},
	{"RouteTable", "Route tables"},
}

// Section is a table of the page.
type Section struct {
	Title     string
	Resources []mgmt.Resource
}

// RunAPI is the backend: it hands on what the management server says of all resources.
func RunAPI(_ context.Context, arguments []string) {
	flags := flag.NewFlagSet("apiserver", flag.ExitOnError)
	server := flags.String("mgmt-server-address", "gloo-mesh-mgmt-server:8090", "HOST:PORT of the management server's probes")
	port := flags.Int("grpc-port", 10101, "port to answer on")
	health := flags.Int("healthcheck-port", 8081, "port of probes")
	flags.String("prometheus-url", "", "without effect")
	_ = flags.Parse(arguments)
	go plain.Serve(*health, plain.Health(func() error { return nil }))
	client := &http.Client{Timeout: 5 * time.Second}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /resources", func(w http.ResponseWriter, _ *http.Request) {
		answer, err := client.Get("http://" + *server + "/resources")
		if err != nil {
			http.Error(w, "the management server does not answer: "+err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.Header().Set("Content-Type", answer.Header.Get("Content-Type"))
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	})
	log.Printf("answers on port %d", *port)
	plain.Serve(*port, mux)
}

// RunConsole is the page.
func RunConsole(_ context.Context, arguments []string) {
	flags := flag.NewFlagSet("ui", flag.ExitOnError)
	backend := flags.String("apiserver-address", "127.0.0.1:10101", "HOST:PORT of the backend")
	port := flags.Int("port", 20101, "port to answer on")
	_ = flags.Parse(arguments)
	log.Printf("answers on port %d", *port)
	plain.Serve(*port, Console("http://"+*backend+"/resources"))
}

// Console answers with the page, of what is found at an address.
func Console(address string) http.Handler {
	client := &http.Client{Timeout: 5 * time.Second}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		resources, err := fetch(client, address)
		content := struct {
			Problem  string
			Sections []Section
		}{}
		if err != nil {
			content.Problem = err.Error()
		}
		for _, one := range shown {
			of := slices.DeleteFunc(slices.Clone(resources), func(r mgmt.Resource) bool { return r.Kind != one.Kind })
			content.Sections = append(content.Sections, Section{one.Title, of})
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = page.Execute(w, content)
	})
}

func fetch(client *http.Client, address string) ([]mgmt.Resource, error) {
	answer, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return nil, fmt.Errorf("%s: %s", answer.Status, text)
	}
	var resources []mgmt.Resource
	err = json.NewDecoder(answer.Body).Decode(&resources)
	return resources, err
}

// RunProxy is what stands before the page.
func RunProxy(_ context.Context, arguments []string) {
	flags := flag.NewFlagSet("envoy", flag.ExitOnError)
	console := flags.String("console-address", "127.0.0.1:20101", "HOST:PORT of the page")
	port := flags.Int("console-port", 8090, "port to answer on")
	_ = flags.Parse(arguments)
	log.Printf("answers on port %d", *port)
	plain.Serve(*port, httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: *console}))
}
