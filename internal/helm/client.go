// Package helm knows Helm releases and charts: how to put a chart on a cluster, change it, read it back and take
// it off, and where chart archives come from.
package helm

import (
	"log/slog"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// Options describe a [Client]. Only Getter is needed, and not even that for [Client.Render].
type Options struct {
	// Getter reaches the cluster. Its discovery client and REST mapper are shared and should be cached.
	Getter genericclioptions.RESTClientGetter
	// Charts finds and keeps chart archives; nil makes one with default options.
	Charts *Charts
	// MaxHistory is how many revisions of a release are kept; zero means 10.
	MaxHistory int
	// PendingGrace protects an operation of somebody else: a release that has been pending for less than this is
	// a conflict, an older one was left by a killed run and is healed. Zero heals at once, which is right when a
	// lock already keeps two runs apart.
	PendingGrace time.Duration
	// Logger receives Helm's own debug messages, with secret values removed; nil discards them.
	Logger *slog.Logger
}

// Client works on the releases of one cluster. It is safe for concurrent use; operations on one release wait for
// each other.
type Client struct {
	options Options
	charts  *Charts
	log     *slog.Logger
	turns   turns
	connect connector
}

// defaultMaxHistory is Helm's own default (pkg/cli/environment.go).
const defaultMaxHistory = 10

// New makes a client. It never dials.
func New(o Options) *Client {
	if o.Charts == nil {
		o.Charts = NewCharts(ChartsOptions{})
	}
	if o.MaxHistory == 0 {
		o.MaxHistory = defaultMaxHistory
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Client{options: o, charts: o.Charts, log: o.Logger}
	c.connect = clusterConnector(o)
	return c
}

// Charts returns where this client takes charts from.
func (c *Client) Charts() *Charts { return c.charts }
