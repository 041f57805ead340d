// Package config knows what a proxy is told by the control plane, and keeps the newest that it was told.
package config

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// Port is where the control plane answers on its nodes.
	Port = "15080"
	// hold is for how long the control plane may hold a question to which the answer has not changed.
	hold = 20 * time.Second
	// pause between questions when nobody answers.
	pause = time.Second
)

// Source asks the control plane for the configuration of one proxy. What was heard last stays when nobody answers, as Envoy keeps what
// istiod sent it.
type Source struct {
	// Servers are the addresses, "host:port", of the control plane's servers, of which one that answers is kept.
	Servers []string
	// Namespace and Pod name the proxy.
	Namespace, Pod string
	// Changed is called after each change, never twice at a time.
	Changed func(*Config)
	Logger  *slog.Logger

	current atomic.Pointer[Config]
}

// Current is the newest configuration; nil before the first.
func (s *Source) Current() *Config { return s.current.Load() }

// Run asks until ctx ends.
func (s *Source) Run(ctx context.Context) {
	for next := 0; ctx.Err() == nil; {
		err := s.ask(ctx, s.Servers[next%len(s.Servers)])
		if err == nil {
			continue
		}
		next++
		s.Logger.WarnContext(ctx, "no configuration", "err", err)
		if next%len(s.Servers) == 0 {
			rest(ctx, pause)
		}
	}
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// ask returns when there is something new, or when there was nothing for as long as the server holds the question.
func (s *Source) ask(ctx context.Context, server string) error {
	ctx, cancel := context.WithTimeout(ctx, hold+5*time.Second)
	defer cancel()
	query := url.Values{"namespace": {s.Namespace}, "pod": {s.Pod}, "wait": {hold.String()}}
	if known := s.Current(); known != nil {
		query.Set("version", known.Version)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+server+"/proxy?"+query.Encode(), nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", server, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking for the configuration: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	switch response.StatusCode {
	case http.StatusNotModified:
		return nil
	case http.StatusOK:
	default:
		return fmt.Errorf("asking %s for the configuration: %s", server, response.Status)
	}
	var told Config
	if err := json.NewDecoder(response.Body).Decode(&told); err != nil {
		return fmt.Errorf("reading the configuration from %s: %w", server, err)
	}
	s.current.Store(&told)
	s.Changed(&told)
	return nil
}

// Address is a server's address with the port where it answers.
func Address(host string) string { return net.JoinHostPort(host, Port) }
