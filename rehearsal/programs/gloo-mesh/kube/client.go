package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// How bodies of requests are meant.
const (
	plain      = "application/json"
	mergePatch = "application/merge-patch+json"
	applyPatch = "application/apply-patch+yaml"
)

// Client asks one API server.
type Client struct {
	base  string
	token string
	http  *http.Client
}

// Refusal is an answer of an API server that is none of success.
type Refusal struct {
	Code    int
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// IsRefused says whether an API server answered with this code.
func IsRefused(err error, code int) bool {
	var refusal *Refusal
	return errors.As(err, &refusal) && refusal.Code == code
}

// InCluster is a client for the API server of the cluster that the program runs in, by the ServiceAccount of its pod.
// SERVICE_ACCOUNT_DIR names another folder of the account's files.
func InCluster(getenv func(string) string) (*Client, error) {
	host, port := getenv("KUBERNETES_SERVICE_HOST"), getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set: this runs in a pod only")
	}
	folder := getenv("SERVICE_ACCOUNT_DIR")
	if folder == "" {
		folder = "/var/run/secrets/kubernetes.io/serviceaccount"
	}
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("the ServiceAccount's ca.crt cannot be read: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	return &Client{
		base:  "https://" + net.JoinHostPort(host, port),
		token: filepath.Join(folder, "token"),
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: roots},
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 10 * time.Second,
			// A connection whose other end is gone is noticed.
			HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 10 * time.Second},
		}},
	}, nil
}

// Get reads one object.
func (c *Client) Get(ctx context.Context, kind Kind, namespace, name string) (Object, error) {
	var object Object
	err := c.do(ctx, http.MethodGet, kind.Path(namespace, name), "", nil, &object)
	return object, err
}

// Create makes an object.
func (c *Client) Create(ctx context.Context, kind Kind, object Object) error {
	return c.do(ctx, http.MethodPost, kind.Path(object.Metadata.Namespace, ""), plain, object, nil)
}

// Apply makes an object, or makes it what it should be, and takes from others what they have said of it.
func (c *Client) Apply(ctx context.Context, kind Kind, object Object, manager string) error {
	path := kind.Path(object.Metadata.Namespace, object.Metadata.Name) + "?force=true&fieldManager=" + manager
	return c.do(ctx, http.MethodPatch, path, applyPatch, object, nil)
}

// Delete removes an object; one that is gone already is no error.
func (c *Client) Delete(ctx context.Context, kind Kind, namespace, name string) error {
	err := c.do(ctx, http.MethodDelete, kind.Path(namespace, name), "", nil, nil)
	if IsRefused(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// SetStatus lays a status over that of an object.
func (c *Client) SetStatus(ctx context.Context, kind Kind, namespace, name string, status map[string]any) error {
	path := kind.Path(namespace, name) + "/status"
	return c.do(ctx, http.MethodPatch, path, mergePatch, map[string]any{"status": status}, nil)
}

func (c *Client) do(ctx context.Context, method, path, contentType string, body, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	answer, err := c.open(ctx, method, path, contentType, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// open sends a request whose answer the caller reads and closes.
func (c *Client) open(ctx context.Context, method, path, contentType string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, err
	}
	// It is renewed now and then.
	token, err := os.ReadFile(c.token)
	if err != nil {
		return nil, fmt.Errorf("the ServiceAccount's token cannot be read: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	request.Header.Set("Accept", plain)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		defer answer.Body.Close()
		return nil, refusalOf(answer)
	}
	return answer, nil
}

func refusalOf(answer *http.Response) *Refusal {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	var status struct{ Message string }
	if json.Unmarshal(text, &status) != nil || status.Message == "" {
		status.Message = answer.Status
	}
	return &Refusal{Code: answer.StatusCode, Message: status.Message}
}
