package provider

import (
	"context"
	"log/slog"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/reach"
)

// session is one configured provider. Resources share it through the provider's data pointer.
type session struct {
	settings settings
	world    World
	log      *slog.Logger
	// pools are the address ranges that this walk has planned.
	pools poolRegistry
	// claims are the releases that this walk has planned, tempos the addresses of the Tempos among them.
	claims claims
	tempos tempoRegistry
	// walk is what else this walk has planned.
	walk walk
	// joins lets servers of one cluster join one at a time.
	joins keyedLocks
	// forwards are the ports that lead into clusters.
	forwards openForwards
}

func newSession(version string, set settings, open OpenWorld) *session {
	log := slog.New(tflogHandler{})
	set.Logger, set.SSH.Logger, set.Kube.Logger, set.Charts.Logger = log, log, log, log
	set.Kube.UserAgent = "terraform-provider-lab/" + version
	return &session{settings: set, world: open(set.Settings), log: log}
}

// cluster reaches a cluster, or explains which provider attribute is not known yet.
func (s *session) cluster(ctx context.Context, ref reach.Reference) (Engine, error) {
	e, err := s.world.Cluster(ctx, ref)
	if err != nil {
		return nil, s.explainUnknown(err)
	}
	return e, nil
}

// explainUnknown adds to a failed connection the provider attributes whose values are not known yet, because they
// are its most likely cause. The error stays one of "could not look".
func (s *session) explainUnknown(err error) error {
	if len(s.settings.Unknown) == 0 || !couldNotLook(err) {
		return err
	}
	return fault.Newf(fault.Unreachable, "%w (not known yet in the provider block: %v)", err, s.settings.Unknown)
}

// sessionOf returns the session behind a Configure request's provider data, nil while Terraform only validates.
func sessionOf(data any, diags *diag.Diagnostics) *session {
	if data == nil {
		return nil
	}
	s, ok := data.(*session)
	if !ok {
		diags.AddError("Unexpected provider data", "This is a bug of the provider; please report it.")
	}
	return s
}

// keyedLocks hands out one lock a key.
type keyedLocks struct {
	mu    sync.Mutex
	locks map[string]chan struct{}
}

// lock waits for the key's lock or the end of ctx, and returns the function that frees it.
func (k *keyedLocks) lock(ctx context.Context, key string) (func(), error) {
	k.mu.Lock()
	if k.locks == nil {
		k.locks = map[string]chan struct{}{}
	}
	ch := k.locks[key]
	if ch == nil {
		ch = make(chan struct{}, 1)
		k.locks[key] = ch
	}
	k.mu.Unlock()
	select {
	case ch <- struct{}{}:
		return func() { <-ch }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
