package server

import (
	"context"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/egress"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life"
)

// openEgress opens the API server's way into the cluster and returns the file that configures it; empty without life.
func (s *Server) openEgress(ctx context.Context) (string, error) {
	if !s.options.Life {
		return "", nil
	}
	var err error
	if s.proxy, err = egress.New(ctx, s.options.EgressErrors, s.logger); err != nil {
		return "", err
	}
	go s.proxy.Serve(ctx)
	config, err := s.proxy.Config()
	if err != nil {
		return "", err
	}
	path := s.options.etc("egress-selector-config.yaml")
	return path, writeFile(path, config)
}

// startLife makes pods live: KWOK plays what kubelets do, package life what answers behind pods and what charts' controllers do.
func (s *Server) startLife(ctx context.Context) error {
	act := func(context.Context) {}
	if s.options.Life {
		config, err := s.restConfig()
		if err != nil {
			return err
		}
		l, err := life.New(life.Options{
			Config: config, TLSDir: s.options.tlsDir(), ClusterCIDR: s.options.ClusterCIDR, Delay: s.options.LifeDelay, Logger: s.logger,
			Containers: s.options.rule,
		})
		if err != nil {
			return err
		}
		if err := l.Start(ctx); err != nil {
			return err
		}
		s.proxy.SetRouter(l)
		act = l.Act
	}
	return s.play(ctx, act)
}

func (s *Server) restConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", s.options.cred("supervisor.kubeconfig"))
	if err != nil {
		return nil, fmt.Errorf("reading the supervisor's kubeconfig: %w", err)
	}
	config.UserAgent = "lab-controlplane"
	config.QPS, config.Burst = 200, 400
	return config, nil
}
