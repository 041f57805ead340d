package verify

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Store is a trace store with Tempo's HTTP API.
type Store struct{ api endpoint }

// StoreOptions say where a store is.
type StoreOptions struct {
	// URL is its address, for example http://tempo.tempo:3200.
	URL string
	// Tenant is sent as X-Scope-OrgID; empty without multitenancy.
	Tenant string
	Client *http.Client
	// Patience bounds each request; zero is ten seconds.
	Patience time.Duration
}

// NewStore makes a Store. It does not dial.
func NewStore(o StoreOptions) *Store {
	header := http.Header{}
	if o.Tenant != "" {
		header.Set("X-Scope-OrgID", o.Tenant)
	}
	return &Store{endpoint{base: o.URL, client: o.Client, header: header, patience: o.Patience}}
}

// Ready asks the store whether it is ready. Tempo answers 503 for some twenty seconds after its start.
func (s *Store) Ready(ctx context.Context) error {
	_, err := s.api.raw(ctx, "/ready", nil)
	return err
}

// Trace returns a trace by its id; fault.NotFound when the store does not have it, or not yet.
func (s *Store) Trace(ctx context.Context, id TraceID) (Trace, error) {
	body, err := s.api.raw(ctx, "/api/traces/"+string(id), nil)
	if err != nil {
		return Trace{}, err
	}
	return parseTrace(id, body)
}

// Found is a trace as a search finds it.
type Found struct {
	ID TraceID
	// RootService and RootName are those of its first span; empty while that has not arrived.
	RootService, RootName string
	Start                 time.Time
	Duration              time.Duration
}

// SearchOptions say what is looked for.
type SearchOptions struct {
	// Query is TraceQL; Tags are pairs key=value in logfmt and serve where TraceQL is not wanted. One of them.
	Query, Tags string
	// Start and End bound the time; without them Tempo searches only what it has not flushed yet.
	Start, End time.Time
	// MinDuration leaves out shorter traces; zero leaves out none. Limit is 20 when zero.
	MinDuration time.Duration
	Limit       int
}

const defaultLimit = 20

// Search finds traces (tempo:docs/sources/tempo/api_docs/_index.md, /api/search; the same from 2.0.0 on).
func (s *Store) Search(ctx context.Context, o SearchOptions) ([]Found, error) {
	query := url.Values{}
	if o.Query != "" {
		query.Set("q", o.Query)
	}
	if o.Tags != "" {
		query.Set("tags", o.Tags)
	}
	if !o.Start.IsZero() && !o.End.IsZero() {
		query.Set("start", strconv.FormatInt(o.Start.Unix(), 10))
		query.Set("end", strconv.FormatInt(o.End.Unix(), 10))
	}
	if o.MinDuration > 0 {
		query.Set("minDuration", o.MinDuration.String())
	}
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	query.Set("limit", strconv.Itoa(o.Limit))
	var answer struct {
		Traces []struct {
			TraceID           string   `json:"traceID"`
			RootServiceName   string   `json:"rootServiceName"`
			RootTraceName     string   `json:"rootTraceName"`
			StartTimeUnixNano unixNano `json:"startTimeUnixNano"`
			DurationMs        int64    `json:"durationMs"`
		} `json:"traces"`
	}
	if err := s.api.get(ctx, "/api/search", query, &answer); err != nil {
		return nil, err
	}
	found := make([]Found, 0, len(answer.Traces))
	for _, t := range answer.Traces {
		found = append(found, Found{
			ID: padded(t.TraceID), RootService: t.RootServiceName, RootName: t.RootTraceName,
			Start: time.Time(t.StartTimeUnixNano), Duration: time.Duration(t.DurationMs) * time.Millisecond,
		})
	}
	return found, nil
}

// padded gives an id the zeros back that Tempo leaves out at its beginning.
func padded(id string) TraceID {
	const digits = 32
	return TraceID(strings.Repeat("0", max(digits-len(id), 0)) + id)
}
