package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/agent"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/layout"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

// prepareTokens settles the passwords that join tokens hold: configured, kept from an earlier start, or made now. Whether a configured
// one is that of the cluster shows when the API is up.
func (s *server) prepareTokens(context.Context) error {
	configured, err := agent.Token(s.Settings, "token")
	if err != nil {
		return err
	}
	password, err := s.serverPassword(configured)
	if err != nil {
		return err
	}
	kept, err := readPasswd(s.data.Passwd())
	if err != nil {
		return err
	}
	if password == "" {
		password = kept.Server
	}
	if password == "" {
		password = jointoken.NewPassword()
	}
	agentToken, err := agent.Token(s.Settings, "agent-token")
	if err != nil {
		return err
	}
	s.users = supervisor.Users{Server: password, Agent: password}
	if agentToken != "" {
		s.users.Agent = agentToken
	}
	if s.hasDatabase() && kept.Server != "" {
		return nil
	}
	return writePasswd(s.data.Passwd(), s.users)
}

// serverPassword takes the password out of a configured token, which may be given in full only if it names this cluster's CA.
func (s *server) serverPassword(configured string) (string, error) {
	if configured == "" {
		return "", nil
	}
	token, err := jointoken.Parse(configured)
	if err != nil {
		return "", fmt.Errorf("failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>: %w", err)
	}
	ca, err := os.ReadFile(s.data.TLS("server-ca.crt"))
	if err != nil {
		return "", err
	}
	return token.Password, token.CheckCA(ca)
}

// writeTokens puts the token files in place, with the links that RKE2 makes (k3s-io/k3s pkg/server/server.go printTokens).
func writeTokens(data layout.Data, users supervisor.Users, address string, info func(string, ...any)) error {
	ca, err := os.ReadFile(data.TLS("server-ca.crt"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(data.Token(), []byte(jointoken.Format(ca, "server", users.Server)+"\n"), 0o600); err != nil {
		return err
	}
	if err := link(data.Token(), data.NodeToken()); err != nil {
		return err
	}
	if users.Agent == users.Server {
		err = link(data.Token(), data.AgentToken())
	} else {
		if err = os.Remove(data.AgentToken()); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err == nil {
			err = os.WriteFile(data.AgentToken(), []byte(jointoken.Format(ca, "node", users.Agent)+"\n"), 0o600)
		}
	}
	info("Server node token is available at " + data.Token())
	info("To join server node to cluster: rke2 server -s https://" + address + ":9345 -t ${SERVER_NODE_TOKEN}")
	info("Agent node token is available at " + data.AgentToken())
	info("To join agent node to cluster: rke2 agent -s https://" + address + ":9345 -t ${AGENT_NODE_TOKEN}")
	return err
}

func link(target, path string) error {
	if current, err := os.Readlink(path); err == nil && current == target {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

// readPasswd reads the supervisor's users: password,user,user,group lines.
func readPasswd(file string) (supervisor.Users, error) {
	var users supervisor.Users
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return users, nil
	}
	if err != nil {
		return users, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ",")
		if len(fields) < 2 {
			continue
		}
		switch fields[1] {
		case "server":
			users.Server = fields[0]
		case "node":
			users.Agent = fields[0]
		}
	}
	return users, lines.Err()
}

func writePasswd(file string, users supervisor.Users) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	content := fmt.Sprintf("%s,node,node,rke2:agent\n%s,server,server,rke2:server\n", users.Agent, users.Server)
	return os.WriteFile(file, []byte(content), 0o600)
}
