package rke2

import (
	"context"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// Join says which cluster a node belongs to.
type Join struct {
	// Server is a server of the cluster: an address, address:port or https URL. It must be reachable from the node.
	Server string
	// Token gets the cluster's join token when it is needed. It may be nil where nothing is changed.
	Token TokenSource
}

// TokenSource gets a join token, for example from the first server.
type TokenSource func(ctx context.Context) (Token, error)

// Token is a join token. It prints as a placeholder wherever it is formatted.
type Token struct{ value string }

// String hides the token.
func (Token) String() string { return redacted }

// GoString hides the token.
func (Token) GoString() string { return redacted }

const redacted = "[redacted]"

// tokenPattern matches RKE2's full token form: K10, the hash of the cluster's CA, a user and a password.
var tokenPattern = regexp.MustCompile(`K10[0-9a-f]{64}::[^\s"']+`)

// redact takes tokens out of text that is going to be shown.
func redact(text string) string { return tokenPattern.ReplaceAllString(text, redacted) }

// NewToken checks that text can be a token at all: one word, not empty.
func NewToken(text string) (Token, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsAny(text, " \t\r\n") {
		return Token{}, fault.Newf(fault.Invalid, "the join token is empty or more than one word")
	}
	return Token{value: text}, nil
}

// TokenFrom reads the join token from a server of the cluster, over whatever the host does. Nodes that join as
// agents get the agent token, which lets nobody become a server where the cluster has a separate one. An empty
// dataDir is the default one or, where that holds no token, the one of the server's own configuration.
func TokenFrom(server Host, role Role, dataDir string) TokenSource {
	return func(ctx context.Context) (Token, error) {
		token, err := readToken(ctx, server, role, Node{DataDir: dataDir}.dataDir())
		if dataDir != "" || !fault.Is(err, fault.NotFound) {
			return token, err
		}
		observed, readErr := Read(ctx, server, Node{})
		if readErr != nil {
			return Token{}, readErr
		}
		if observed.DataDir != defaultDataDir {
			return readToken(ctx, server, role, observed.DataDir)
		}
		return Token{}, err
	}
}

func readToken(ctx context.Context, server Host, role Role, dataDir string) (Token, error) {
	names := []string{"token"}
	if role == Agent {
		names = []string{"agent-token", "token"}
	}
	var last error
	for _, name := range names {
		content, err := server.ReadFile(ctx, dataDir+"/server/"+name)
		if err == nil {
			return NewToken(string(content))
		}
		last = err
		if !fault.Is(err, fault.NotFound) {
			return Token{}, err
		}
	}
	return Token{}, fault.Newf(fault.NotFound, "read the join token: %s has none: RKE2 has not run there as a server yet: %w", server, last)
}

// joinURL completes the address of a server to join: https and the supervisor's port.
func joinURL(server string) (string, error) {
	text := strings.TrimSpace(server)
	if text == "" {
		return "", fault.Newf(fault.Invalid, "the server to join is empty")
	}
	if !strings.Contains(text, "://") {
		if host := strings.Trim(text, "[]"); net.ParseIP(host) != nil {
			text = net.JoinHostPort(host, strconv.Itoa(supervisorPort))
		}
		text = "https://" + text
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || parsed.Scheme != "https" || strings.Trim(parsed.Path, "/") != "" {
		return "", fault.Newf(fault.Invalid, "the server to join, %q, must be an address, address:port or https://address:port", server)
	}
	port := parsed.Port()
	if port == "" {
		port = strconv.Itoa(supervisorPort)
	}
	return "https://" + net.JoinHostPort(parsed.Hostname(), port), nil
}
