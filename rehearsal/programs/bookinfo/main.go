// Bookinfo is the sample application of Istio as one program: SERVICE says which of its four services it is, and
// SERVICE_VERSION which version of that one. Its API, its environment and its ways to fail are those of the original.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// services are the four, by their names.
var services = map[string]func(settings) http.Handler{
	"productpage": productpage,
	"details":     details,
	"reviews":     reviews,
	"ratings":     ratings,
}

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	read := settingsFrom(os.Getenv)
	service, known := services[read.service]
	if !known {
		log.Fatalf("SERVICE is %q: expected productpage, details, reviews or ratings", read.service)
	}
	// The first process of a container ends on a signal only if it asks for it.
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-end
		os.Exit(0)
	}()
	server := &http.Server{
		Addr:              ":" + read.port,
		Handler:           logged(service(read), log.Printf),
		ReadHeaderTimeout: 10 * time.Second,
	}
	log.Printf("%s %s listens on port %s", read.service, read.version, read.port)
	log.Fatal(server.ListenAndServe())
}

// logged says of each request what came of it, except of those that only ask whether the service is well.
func logged(next http.Handler, say func(format string, values ...any)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		noted := &noting{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(noted, r)
		say("%s %s %s %d %s", r.Method, r.Host, printable(r.URL.RequestURI()), noted.status,
			time.Since(start).Round(100*time.Microsecond))
	})
}

// noting keeps the status of an answer.
type noting struct {
	http.ResponseWriter
	status int
}

func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

// printable keeps a request from writing lines of its own into the log.
func printable(text string) string {
	quoted := fmt.Sprintf("%q", text)
	return strings.TrimSuffix(strings.TrimPrefix(quoted, `"`), `"`)
}
