// Package dns knows how to run CoreDNS for the pods of one node: it answers for the cluster's names from the API, and says of all others
// that they do not exist, because there is nothing beyond the lab.
package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind" // the plugins that corefile names
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
	_ "github.com/coredns/coredns/plugin/template"
	"github.com/spf13/pflag"
)

// options is what the command line says.
type options struct {
	kubeconfig string
	listen     string
	domain     string
	ready      string
}

// Run runs CoreDNS with args until ctx ends.
func Run(ctx context.Context, args []string) error {
	var o options
	flags := pflag.NewFlagSet("coredns", pflag.ContinueOnError)
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "file that says how to reach the API")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:53", "address and port to answer at, over UDP and TCP")
	flags.StringVar(&o.domain, "domain", "cluster.local", "domain of the cluster")
	flags.StringVar(&o.ready, "ready", "127.0.0.1:8181", "address and port of /ready, which is 200 once the cluster is known")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.kubeconfig == "" {
		return errors.New("--kubeconfig is required")
	}
	text, err := o.corefile()
	if err != nil {
		return err
	}
	dnsserver.Quiet = true // no banner
	instance, err := caddy.Start(caddy.CaddyfileInput{Contents: []byte(text), Filepath: "Corefile", ServerTypeName: "dns"})
	if err != nil {
		return fmt.Errorf("starting CoreDNS: %w", err)
	}
	<-ctx.Done()
	if err := errors.Join(instance.ShutdownCallbacks()...); err != nil {
		return fmt.Errorf("stopping CoreDNS: %w", err)
	}
	if err := instance.Stop(); err != nil {
		return fmt.Errorf("stopping CoreDNS: %w", err)
	}
	return nil
}

// corefile is CoreDNS' configuration. Answers live five seconds, the plugin's default, not RKE2's thirty: what has just been made or
// removed is looked up in the next moment here.
func (o *options) corefile() (string, error) {
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return "", fmt.Errorf("reading --listen: %w", err)
	}
	if strings.ContainsAny(o.kubeconfig+o.domain+o.ready, "\"\n{}") {
		return "", errors.New("quotes and braces cannot be in CoreDNS' configuration")
	}
	return fmt.Sprintf(`%[4]s:%[1]s in-addr.arpa:%[1]s ip6.arpa:%[1]s {
	bind %[2]s
	errors
	ready %[3]s
	cache 5
	kubernetes %[4]s in-addr.arpa ip6.arpa {
		kubeconfig "%[5]s"
		pods insecure
	}
}
.:%[1]s {
	bind %[2]s
	template ANY ANY {
		rcode NXDOMAIN
	}
}
`, port, host, o.ready, o.domain, o.kubeconfig), nil
}
