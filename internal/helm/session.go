package helm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube/bound"
)

// graceAfterCancel is how long the record of a release may still be written after an operation was cancelled, so
// that it says "failed" and not "pending".
const graceAfterCancel = 5 * time.Second

// fieldManager is what Helm's command line writes into managedFields: its objects look the same whoever installs.
const fieldManager = "helm"

func init() {
	kube.ManagedFieldsManager = fieldManager
}

// session is one operation on the releases of one namespace.
type session struct {
	config  *action.Configuration
	records records
	// watch sees what Helm's errors leave out; see [faults].
	faults *faults
}

// connector opens a session. It does not dial.
type connector func(ctx context.Context, namespace string, log action.DebugLog) (session, error)

// clusterConnector makes sessions on a real cluster. All requests end with the context, except those that write the
// record of the release, which have a moment more.
func clusterConnector(o Options) connector {
	return func(ctx context.Context, namespace string, log action.DebugLog) (session, error) {
		if o.Getter == nil {
			return session{}, fault.Newf(fault.Invalid, "there is no cluster to work on")
		}
		s, err := connectCluster(ctx, o, namespace, log)
		if err != nil {
			return session{}, fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
		}
		return s, nil
	}
}

func connectCluster(ctx context.Context, o Options, namespace string, log action.DebugLog) (session, error) {
	getter := bound.New(ctx, o.Getter)
	client := kube.New(getter)
	client.Namespace, client.Log = namespace, log
	typed, err := client.Factory.KubernetesClientSet()
	if err != nil {
		return session{}, err
	}
	lasting, err := kube.New(bound.New(outlive(ctx), o.Getter)).Factory.KubernetesClientSet()
	if err != nil {
		return session{}, err
	}
	pods, err := newPodReader(client.Factory)
	if err != nil {
		return session{}, err
	}
	secrets := driver.NewSecrets(lasting.CoreV1().Secrets(namespace))
	secrets.Log = log
	store := storage.Init(secrets)
	store.Log = log
	seen := &faults{}
	return session{
		config: &action.Configuration{
			RESTClientGetter: getter,
			Releases:         store,
			KubeClient: &cluster{
				Client: client, ctx: func() context.Context { return ctx }, mapper: getter.ToRESTMapper,
				answers: getter.Answers, pods: pods, faults: seen, log: log,
			},
			Log: log,
		},
		records: secretRecords{typed.CoreV1().Secrets(namespace)},
		faults:  seen,
	}, nil
}

// outlive returns a context that ends a moment after ctx does.
func outlive(ctx context.Context) context.Context {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(graceAfterCancel, cancel) })
	return lasting
}

// keep puts a [keeper] before the store.
func (s session) keep(hide redactor) {
	s.config.Releases.Driver = &keeper{Driver: s.config.Releases.Driver, hide: hide}
}

// revisions returns what is kept of a release, newest first, the way Helm itself asks for it; nothing is no error.
func (s session) revisions(name string) ([]record, error) {
	kept, err := s.config.Releases.History(name)
	if err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, err
	}
	out := make([]record, 0, len(kept))
	for _, r := range kept {
		one, err := recordOf(r)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b record) int { return b.Version - a.Version })
	return out, nil
}

// debugLog passes Helm's debug messages on, with secrets removed. They are cut, because some of them print whole
// objects.
func (c *Client) debugLog(ctx context.Context, hide redactor) action.DebugLog {
	const longest = 400
	return func(format string, args ...any) {
		text := hide.text(fmt.Sprintf(format, args...))
		if len(text) > longest {
			text = text[:longest] + "..."
		}
		c.log.DebugContext(ctx, "helm: "+text)
	}
}
