// Package kubelet knows how to run the real kubelet on a node that it shares with simulated pods: it is given only the pods that really
// run, and believes to be on a machine that is big enough for all of them.
package kubelet

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	nodeutil "k8s.io/component-helpers/node/util"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kubelet/app"
	"k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	upstream "k8s.io/kubernetes/pkg/kubelet"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	kubeletvalidation "k8s.io/kubernetes/pkg/kubelet/apis/config/validation"
	"k8s.io/kubernetes/pkg/kubelet/cadvisor"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubelet/config"
	"k8s.io/kubernetes/pkg/kubelet/eviction"
	"k8s.io/kubernetes/pkg/kubelet/kubeletconfig/configfiles"
	kubetypes "k8s.io/kubernetes/pkg/kubelet/types"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	utilfs "k8s.io/kubernetes/pkg/util/filesystem"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
)

// command is what the command line says.
type command struct {
	flags      *options.KubeletFlags
	containers string
	version    string
}

// Run runs a kubelet with args until ctx ends. It knows the real kubelet's flags that have not moved to its configuration file
// (--kubeconfig, --config, --hostname-override, --node-ip, --node-labels and so on), klog's, --containers and --node-version.
func Run(ctx context.Context, args []string) error {
	c := command{flags: options.NewKubeletFlags()}
	set := pflag.NewFlagSet("kubelet", pflag.ContinueOnError)
	c.flags.AddFlags(set)
	options.AddGlobalFlags(set)
	set.StringVar(&c.containers, "containers", "", "file with the names of images; pods that need no others run, all others are left alone")
	set.StringVar(&c.version, "node-version", "", "version that the node shows instead of the one that runs")
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() > 0 || c.containers == "" || c.flags.KubeletConfigFile == "" || c.flags.KubeConfig == "" {
		return errors.New("--containers, --config and --kubeconfig are required, and there are no arguments")
	}
	if c.version != "" {
		if err := report(c.version); err != nil {
			return err
		}
	}
	rule, err := containers.Read(c.containers)
	if err != nil {
		return err
	}
	server, err := c.server(ctx)
	if err != nil {
		return err
	}
	dependencies, err := dependencies(ctx, server, rule)
	if err != nil {
		return err
	}
	utilfeature.DefaultMutableFeatureGate.AddMetrics()
	if err := app.Run(ctx, server, dependencies, utilfeature.DefaultFeatureGate); err != nil {
		return fmt.Errorf("running the kubelet: %w", err)
	}
	return nil
}

// server reads the configuration, as kubernetes:cmd/kubelet/app/server.go NewKubeletCommand does.
func (c *command) server(ctx context.Context) (*options.KubeletServer, error) {
	if err := options.ValidateKubeletFlags(c.flags); err != nil {
		return nil, fmt.Errorf("reading the flags: %w", err)
	}
	configuration, err := configuration(ctx, c.flags.KubeletConfigFile)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", c.flags.KubeletConfigFile, err)
	}
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(configuration.FeatureGates); err != nil {
		return nil, fmt.Errorf("setting the feature gates: %w", err)
	}
	if err := kubeletvalidation.ValidateKubeletConfiguration(configuration, utilfeature.DefaultFeatureGate); err != nil {
		return nil, fmt.Errorf("checking %s: %w", c.flags.KubeletConfigFile, err)
	}
	logs.InitLogs()
	if err := logsapi.ValidateAndApplyAsField(&configuration.Logging, utilfeature.DefaultFeatureGate, field.NewPath("logging")); err != nil {
		return nil, fmt.Errorf("starting to log: %w", err)
	}
	return &options.KubeletServer{KubeletFlags: *c.flags, KubeletConfiguration: *configuration}, nil
}

func configuration(ctx context.Context, path string) (*kubeletconfig.KubeletConfiguration, error) {
	loader, err := configfiles.NewFsLoader(&utilfs.DefaultFs{}, path)
	if err != nil {
		return nil, err
	}
	read, err := loader.Load(ctx)
	if err == nil && read.EvictionHard == nil {
		read.EvictionHard = eviction.DefaultEvictionHard
	}
	return read, err
}

// dependencies are the real kubelet's, but for the source of pods and the machine.
func dependencies(ctx context.Context, server *options.KubeletServer, rule *containers.Rule) (*upstream.Dependencies, error) {
	all, err := app.UnsecuredDependencies(ctx, server, utilfeature.DefaultFeatureGate)
	if err != nil {
		return nil, fmt.Errorf("preparing the kubelet: %w", err)
	}
	if all.CAdvisorInterface, err = newMachine(ctx, server); err != nil {
		return nil, err
	}
	name, err := nodeutil.GetHostname(server.HostnameOverride)
	if err != nil {
		return nil, fmt.Errorf("naming the node: %w", err)
	}
	client, err := newClient(server.KubeConfig)
	if err != nil {
		return nil, err
	}
	// The kubelet would make these two itself, but after its source of pods, which needs them.
	all.Recorder = newRecorder(ctx, client, name)
	all.PodStartupLatencyTracker = kubeletutil.NewPodStartupLatencyTracker()
	all.PodConfig = config.NewPodConfig(all.Recorder, all.PodStartupLatencyTracker)
	updates := all.PodConfig.Channel(ctx, kubetypes.ApiserverSource)
	pods := &source{client: client, node: name, rule: rule}
	go pods.run(ctx, func(pods []*corev1.Pod) {
		select {
		case updates <- struct{ Pods []*corev1.Pod }{Pods: pods}:
		case <-ctx.Done():
		}
	})
	return all, nil
}

// newMachine starts cAdvisor on the control groups that the kubelet looks at (kubernetes:cmd/kubelet/app/server.go run).
func newMachine(ctx context.Context, server *options.KubeletServer) (cadvisor.Interface, error) {
	logger := klog.FromContext(ctx)
	roots := []string{cm.NodeAllocatableRoot(server.CgroupRoot, server.CgroupsPerQOS, server.CgroupDriver)}
	if own, err := cm.GetKubeletContainer(logger, server.KubeletCgroups); err == nil && own != "" {
		roots = append(roots, own)
	}
	for _, group := range []string{server.RuntimeCgroups, server.SystemCgroups} {
		if group != "" {
			roots = append(roots, group)
		}
	}
	endpoint := server.ContainerRuntimeEndpoint
	actual, err := cadvisor.New(logger, cadvisor.NewImageFsInfoProvider(endpoint), server.RootDirectory, roots,
		cadvisor.UsingLegacyCadvisorStats(endpoint), server.LocalStorageCapacityIsolation)
	if err != nil {
		return nil, fmt.Errorf("starting cAdvisor: %w", err)
	}
	return machine{Interface: actual}, nil
}

func newClient(kubeconfig string) (kubernetes.Interface, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return client, nil
}

func newRecorder(ctx context.Context, client kubernetes.Interface, node string) record.EventRecorderLogger {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	return broadcaster.NewRecorder(legacyscheme.Scheme, corev1.EventSource{Component: "kubelet", Host: node})
}
