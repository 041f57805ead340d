package server

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func parse(t *testing.T, args ...string) (Options, error) {
	t.Helper()
	var options Options
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	options.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return options, options.Complete()
}

func TestOptions_RefusesNonsense(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args []string
		want string
	}{
		"no directory":          {nil, "--data-dir is required"},
		"no address":            {[]string{"--data-dir=/x", "--node-ip=here"}, `--node-ip "here" is not an address`},
		"no range":              {[]string{"--data-dir=/x", "--cluster-cidr=10.42.0.0"}, "--cluster-cidr: invalid CIDR address: 10.42.0.0"},
		"another version":       {[]string{"--data-dir=/x", "--kube-version=v1.2.3"}, "--kube-version v1.2.3 asked for"},
		"an unknown wording":    {[]string{"--data-dir=/x", "--egress-errors=k3s"}, `--egress-errors "k3s" is neither plain nor rke2`},
		"no names of images":    {[]string{"--data-dir=/x", "--containers=/does/not/exist"}, "reading the names of images"},
		"a relative directory":  {[]string{"--data-dir=x"}, ""},
		"several names and ips": {[]string{"--data-dir=/x", "--tls-san=a", "--tls-san=192.0.2.1"}, ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options, err := parse(t, test.args...)
			got := fmt.Sprint(err)
			if test.want == "" && (err != nil || !strings.HasPrefix(options.DataDir, "/")) || test.want != "" && !strings.Contains(got, test.want) {
				t.Errorf("got %v for %q, want %q", err, options.DataDir, test.want)
			}
		})
	}
}

func TestOptions_ElectsOnlyWhereEtcdIsShared(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{"127.0.0.1": "--leader-elect=false", "192.0.2.1": "--leader-elect=true"} {
		options, err := parse(t, "--data-dir=/x", "--etcd-listen="+listen)
		if err != nil {
			t.Fatal(err)
		}
		if args := options.schedulerArgs(); !slices.Contains(args, want) {
			t.Errorf("%s: %q lacks %s", listen, args, want)
		}
	}
}

func TestOptions_KubernetesOfAnotherBinary(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "kubernetes")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho $1 | sed s/version/v1.2.3/\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	options, err := parse(t, "--data-dir=/x", "--kubernetes-binary="+binary, "--kube-version=v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	s := Server{options: options}
	for name, other := range map[string]bool{APIServer: true, ControllerManager: true, Scheduler: true, Etcd: false, Kwok: false} {
		if path, err := s.program(name); err != nil || (path == binary) != other {
			t.Errorf("%s runs from %s, %v", name, path, err)
		}
	}
	if _, err := parse(t, "--data-dir=/x", "--kubernetes-binary=/nowhere"); err == nil {
		t.Error("a binary that is not there: no error")
	}
}

func TestReserve_KeepsThePortForThoseWhoShareIt(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1", "::1"} {
		port, err := reserve(address)
		if err != nil {
			t.Fatal(err)
		}
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(address, fmt.Sprint(port)))
		if err == nil {
			_ = listener.Close()
			t.Errorf("%s: port %d could be taken", address, port)
		}
		shared := net.ListenConfig{Control: shareport}
		listener, err = shared.Listen(t.Context(), "tcp", net.JoinHostPort(address, fmt.Sprint(port)))
		if err != nil {
			t.Errorf("%s: port %d could not be shared: %v", address, port, err)
			continue
		}
		_ = listener.Close()
	}
}

func TestMemberName_StaysTheSame(t *testing.T) {
	t.Parallel()
	options := Options{DataDir: t.TempDir(), NodeName: "s1", NodeIP: "192.0.2.1"}
	first, err := options.memberName()
	if err != nil {
		t.Fatal(err)
	}
	second, err := options.memberName()
	if err != nil || first != second || !strings.HasPrefix(first, "s1-") || len(first) != len("s1-")+8 {
		t.Errorf("%q, then %q and %v", first, second, err)
	}
}

func TestServer_RestartsControllersUntilItIsReady(t *testing.T) {
	t.Parallel()
	for listen, later := range map[string]bool{"127.0.0.1": false, "192.0.2.1": true} {
		s := Server{options: Options{EtcdListen: listen}}
		if !s.restarts(ControllerManager) || !s.restarts(Scheduler) || s.restarts(APIServer) || s.restarts(Etcd) {
			t.Errorf("%s: wrong children are started again before the server is ready", listen)
		}
		s.ready.Store(true)
		if s.restarts(ControllerManager) != later || s.restarts(APIServer) {
			t.Errorf("%s: wrong children are started again when the server is ready", listen)
		}
	}
}
