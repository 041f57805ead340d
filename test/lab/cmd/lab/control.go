package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
)

// within calls what needs the folder's socket by its short name: the path of a socket must not be longer than 107 bytes.
func (f folder) within(call func() error) error {
	before, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the working folder: %w", err)
	}
	if err := os.Chdir(string(f)); err != nil {
		return fmt.Errorf("entering the lab's folder: %w", err)
	}
	defer func() { _ = os.Chdir(before) }()
	return call()
}

// ask sends a request to the lab's daemon and returns the answer.
func ask(ctx context.Context, f folder, method, path string) ([]byte, error) {
	dial := func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
		err = f.within(func() error {
			var dialer net.Dialer
			conn, err = dialer.DialContext(ctx, "unix", socketFile)
			return err
		})
		return conn, err
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the lab: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the lab: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the lab's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the lab refused: %s", strings.TrimSpace(string(body)))
	}
	return body, nil
}

func status(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	dir := dirFlag(flags)
	asJSON := flags.Bool("json", false, "for programs")
	if err := parse(flags, args, func(n int) bool { return n == 0 }); err != nil {
		return err
	}
	f, err := openFolder(*dir)
	if err != nil {
		return err
	}
	s, err := f.running()
	if err != nil {
		return err
	}
	body, err := ask(ctx, f, http.MethodGet, "/status")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return fmt.Errorf("understanding the lab: %w", err)
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(s)
	}
	say("running in %s as process %d", f, s.PID)
	for _, host := range s.Hosts {
		power := "off"
		if host.Running {
			power = "on"
		}
		say("host %s is %s: %s, inside the lab %s", host.Name, power, host.Outside, host.Address)
	}
	if s.Containers {
		say("containers of the lab's images really run on RKE2 nodes")
	}
	if s.Cluster != nil {
		condition := "running"
		if !s.Cluster.Running {
			condition = "not running any more, see " + f.path(logFile)
		}
		say("cluster is %s: %s, inside the lab %s", condition, s.Cluster.Outside, s.Cluster.Address)
	}
	return nil
}

func fault(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("fault", flag.ContinueOnError)
	dir := dirFlag(flags)
	if err := parse(flags, args, func(n int) bool { return n == 2 }); err != nil {
		return err
	}
	f, err := openFolder(*dir)
	if err != nil {
		return err
	}
	if _, err := f.running(); err != nil {
		return err
	}
	_, err = ask(ctx, f, http.MethodPost, "/hosts/"+flags.Arg(0)+"/"+flags.Arg(1))
	return err
}
