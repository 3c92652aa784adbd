package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/metal-stack/initial-cluster/internal/wait"
)

type health struct {
	URL     string `ansible:"url"`
	CAFile  string `ansible:"ca_file"`
	Timeout int    `ansible:"timeout"`
}

const (
	healthInterval = 2 * time.Second
	answerTimeout  = 10 * time.Second
	shownBody      = 300
)

// at is the health that is waited for at the URL; nothing is where there is none. What is given besides stays.
func (h *health) at(url string) *health {
	if url == "" {
		return nil
	}
	if h == nil {
		h = &health{Timeout: 600}
	}
	return &health{URL: url, CAFile: h.CAFile, Timeout: h.Timeout}
}

// await waits until the metal-api says that it is healthy (GET v1/health of metal-api: {"status": "healthy"}).
func (h health) await(ctx context.Context) error {
	client, err := h.client()
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	defer client.CloseIdleConnections()
	o := wait.Options{For: "the health of " + h.URL, Timeout: time.Duration(h.Timeout) * time.Second, Interval: healthInterval}
	err = wait.Until(ctx, o, func(ctx context.Context) (bool, string, error) { return h.ask(ctx, client) })
	if err != nil {
		return fmt.Errorf("%w; the releases are deployed: look at DNS, the ingress and its certificate on the way to it", err)
	}
	return nil
}

func (h health) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if h.CAFile != "" {
		pem, err := os.ReadFile(h.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file %s: has no certificate in PEM", h.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	return &http.Client{Transport: transport, Timeout: answerTimeout}, nil
}

func (h health) ask(ctx context.Context, client *http.Client) (healthy bool, state string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return false, "", err
	}
	answer, err := client.Do(request)
	if err != nil {
		return false, err.Error(), nil
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, shownBody))
	if err != nil {
		return false, err.Error(), nil
	}
	var said struct{ Status string }
	if answer.StatusCode == http.StatusOK && json.Unmarshal(body, &said) == nil && said.Status == "healthy" {
		return true, "healthy", nil
	}
	return false, fmt.Sprintf("%s: %s", answer.Status, strings.Join(strings.Fields(string(body)), " ")), nil
}
