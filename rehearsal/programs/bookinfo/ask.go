package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// passedOn are headers that a request takes along to the services that it leads to: tracing ties requests together by
// them, and routes and policies tell users apart.
var passedOn = []string{
	"x-request-id", "x-ot-span-context",
	"x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority",
	"traceparent", "tracestate", "x-cloud-trace-context", "grpc-trace-bin",
	"b3", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
	"sw8", "end-user", "user-agent", "cookie", "authorization", "jwt",
}

// client makes a new connection for each request, as the original does: so they spread over all endpoints.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// largest is how much of an answer is read: those of the other services are far smaller.
const largest = 1 << 20

// headersFrom gives the headers of a request that are passed on.
func headersFrom(r *http.Request) http.Header {
	headers := http.Header{}
	for _, name := range passedOn {
		for _, value := range r.Header.Values(name) {
			headers.Add(name, value)
		}
	}
	return headers
}

// ask gets JSON from another service. The status is 0 where it does not answer in time, or with something else.
func ask(ctx context.Context, url string, headers http.Header, patience time.Duration) (int, json.RawMessage) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil
	}
	request.Header = headers.Clone()
	response, err := client.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, largest))
	if err != nil || response.StatusCode == http.StatusOK && !json.Valid(body) {
		return 0, nil
	}
	return response.StatusCode, body
}
