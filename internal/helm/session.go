package helm

import (
	"context"
	"fmt"
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
		getter := bound.Getter(ctx, o.Getter)
		client := kube.New(getter)
		client.Namespace, client.Log = namespace, log
		pods, err := newPodReader(client.Factory)
		if err != nil {
			return session{}, fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
		}
		secretsOf, err := client.Factory.KubernetesClientSet()
		if err != nil {
			return session{}, fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
		}
		lasting, err := kube.New(bound.Getter(outlive(ctx), o.Getter)).Factory.KubernetesClientSet()
		if err != nil {
			return session{}, fault.Newf(fault.Invalid, "using the Kubernetes configuration: %w", err)
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
					Client: client, ctx: func() context.Context { return ctx }, faults: seen,
					mapper: getter.ToRESTMapper, pods: pods, log: log,
				},
				Log: log,
			},
			records: secretRecords{secretsOf.CoreV1().Secrets(namespace)},
			faults:  seen,
		}, nil
	}
}

// outlive returns a context that ends a moment after ctx does.
func outlive(ctx context.Context) context.Context {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(graceAfterCancel, cancel) })
	return lasting
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
