package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"rehearsal/programs/gloo-mesh/mesh"
)

const (
	// How long an agent tries to reach the relay.
	dialTimeout = 5 * time.Second
	// What Go calls an end of a connection that the other end has said the reason of.
	remote = "remote error"
)

// Client is an agent's end of the relay.
type Client struct {
	address, cluster string
	http             *http.Client
}

// Refused is the relay's answer to an agent that may not join.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return r.Reason }

// NewClient reaches the relay at an address, and trusts it if its certificate is for the authority and of the root.
// Without a certificate of its own it can but ask for one.
func NewClient(address, authority, root, cluster string, own *tls.Certificate) *Client {
	config := &tls.Config{RootCAs: poolOf(root), ServerName: authority, MinVersion: tls.VersionTLS12}
	if own != nil {
		config.Certificates = []tls.Certificate{*own}
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &Client{address, cluster, &http.Client{Transport: &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     config,
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,
		// A relay that is gone without a word is noticed.
		HTTP2: &http.HTTP2Config{SendPingTimeout: dialTimeout, PingTimeout: dialTimeout},
	}}}
}

// Close ends its connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Certificate asks for a certificate; the root that it is of comes with it.
func (c *Client) Certificate(ctx context.Context, token, request string) (certificate, root string, err error) {
	var got certificateAnswer
	_, err = c.call(ctx, http.MethodPost, certificatePath, certificateRequest{c.cluster, token, request}, &got)
	return got.Certificate, got.Root, err
}

// Report tells what there is in the cluster.
func (c *Client) Report(ctx context.Context, content mesh.Cluster) error {
	_, err := c.call(ctx, http.MethodPost, reportPath, content, nil)
	return err
}

// Desired waits until the cluster is to be something else than at a revision; false where it is not, after a while.
func (c *Client) Desired(ctx context.Context, revision string) (mesh.Desired, bool, error) {
	var desired mesh.Desired
	isNew, err := c.call(ctx, http.MethodGet, desiredPath+"?revision="+url.QueryEscape(revision), nil, &desired)
	return desired, isNew, err
}

// call says whether there was an answer with content.
func (c *Client) call(ctx context.Context, method, path string, body, into any) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	target, err := url.Parse("https://" + c.address + path)
	if err != nil {
		return false, err
	}
	query := target.Query()
	query.Set("cluster", c.cluster)
	target.RawQuery = query.Encode()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return false, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), content)
	if err != nil {
		return false, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	switch {
	case answer.StatusCode == http.StatusOK && into != nil:
		return true, json.NewDecoder(answer.Body).Decode(into)
	case answer.StatusCode < 300:
		return false, nil
	}
	var said refusal
	if json.NewDecoder(answer.Body).Decode(&said) != nil || said.Reason == "" {
		return false, errors.New("the relay answered with " + answer.Status)
	}
	return false, &Refused{said.Reason}
}

// IsFinal says whether trying again is of no use as long as nobody changes anything: the relay refuses, or one of both
// does not trust the other.
func IsFinal(err error) bool {
	var refused *Refused
	var untrusted *tls.CertificateVerificationError
	var operation *net.OpError
	return errors.As(err, &refused) || errors.As(err, &untrusted) ||
		errors.As(err, &operation) && operation.Op == remote
}

// Reason says in gRPC's words why the relay was not reached, or did not let an agent in.
func (c *Client) Reason(err error) string {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused.Reason
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return untrusted("x509: certificate signed by unknown authority")
	}
	var verification *tls.CertificateVerificationError
	if errors.As(err, &verification) {
		return untrusted(verification.Err.Error())
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		if operation.Op == "dial" {
			problem := operation.Err.Error()
			if operation.Timeout() {
				problem = "i/o timeout"
			}
			return unavailable("transport: Error while dialing dial tcp " + c.address + ": " + problem)
		}
		if operation.Op == remote {
			return untrusted(operation.Error())
		}
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return unavailable(err.Error())
}

func untrusted(problem string) string {
	return unavailable("transport: authentication handshake failed: " + problem)
}

func unavailable(description string) string {
	return `rpc error: code = Unavailable desc = connection error: desc = "` + description + `"`
}
