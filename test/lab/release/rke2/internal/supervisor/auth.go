package supervisor

import (
	"crypto/subtle"
	"net/http"
	"slices"
)

// role is what a caller may do.
type role string

const (
	roleAgent  role = "rke2:agent"
	roleServer role = "rke2:server"
)

// Users are the passwords of the two users that join tokens stand for.
type Users struct {
	Server string
	Agent  string
}

func (u Users) roles(password string) []role {
	var out []role
	if same(password, u.Server) {
		out = append(out, roleServer, roleAgent)
	}
	if same(password, u.Agent) {
		out = append(out, roleAgent)
	}
	return out
}

func same(a, b string) bool {
	return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// allow lets a handler serve callers who present a token's password or, for agents, the certificate of a node.
func (o Options) allow(need role, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		granted := nodeRoles(r)
		if _, password, ok := r.BasicAuth(); ok {
			granted = append(granted, o.Users().roles(password)...)
		}
		switch {
		case len(granted) == 0:
			refuse(w, http.StatusUnauthorized, "not authorized")
		case !slices.Contains(granted, need):
			refuse(w, http.StatusForbidden, "forbidden")
		default:
			h(w, r)
		}
	}
}

// nodeRoles gives the agent's role to the holder of a node's client certificate.
func nodeRoles(r *http.Request) []role {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil
	}
	if slices.Contains(r.TLS.PeerCertificates[0].Subject.Organization, "system:nodes") {
		return []role{roleAgent}
	}
	return nil
}
