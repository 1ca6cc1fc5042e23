package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// answer writes JSON on one line, with a blank after each colon and comma: so the original does, and so people who
// search its answers expect it.
func answer(w http.ResponseWriter, status int, value any) {
	var compact bytes.Buffer
	encoder := json.NewEncoder(&compact)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, compact.Bytes(), "", ""); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// No text in JSON has a line break.
	line := bytes.ReplaceAll(spaced.Bytes(), []byte(",\n"), []byte(", "))
	send(w, status, "application/json", bytes.ReplaceAll(line, []byte("\n"), nil))
}

// send writes a whole answer.
func send(w http.ResponseWriter, status int, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// failure is how every service says that something is wrong.
type failure struct {
	Error string `json:"error"`
}

// health is how a service says how it is.
type health struct {
	Status string `json:"status"`
}
