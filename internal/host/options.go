// Package host knows a machine over SSH: it runs commands there, reads and writes files, holds a lock and dials
// through it, over one connection a host whose key is always verified.
package host

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// HostKeyPolicy says what to do with the key of a host that is not known yet. A key that differs from a known one
// is refused under every policy.
type HostKeyPolicy string //nolint:revive // a key policy without the host would be something else

const (
	// Strict refuses a host whose key is neither pinned nor in known_hosts. It is the default.
	Strict HostKeyPolicy = "strict"
	// AcceptNew trusts an unknown host on first use and records its key in the first known_hosts file.
	AcceptNew HostKeyPolicy = "accept-new"
)

// None is the path that means that no file is used, as in `ssh -F none`.
const None = "none"

// Options are what all hosts of a pool have in common. The zero value uses ~/.ssh/config, the agent and
// ~/.ssh/known_hosts, strictly.
type Options struct {
	// User and Port are used where a target names none; then ~/.ssh/config, then the local user and 22.
	User string
	Port int
	Credentials
	// SudoPassword is what sudo asks for; empty means Password.
	SudoPassword string
	// KnownHosts are known_hosts files; empty means UserKnownHostsFile of ~/.ssh/config or ~/.ssh/known_hosts,
	// and /etc/ssh/ssh_known_hosts. New keys go into the first.
	KnownHosts []string
	// HostKeyPolicy is Strict when empty.
	HostKeyPolicy HostKeyPolicy
	// ConfigPath is the OpenSSH client configuration: empty means ~/.ssh/config, [None] means no file.
	ConfigPath string
	// Home is where ~ points to and where default identities are looked for; empty means the user's own.
	Home string
	// Bastions are passed in order on the way to every target. Empty means ProxyJump of ~/.ssh/config.
	Bastions []Bastion
	// ConnectTimeout bounds connecting to one hop, with handshake, login and further tries. Default 15 s.
	ConnectTimeout time.Duration
	// KeepAlive is the pause between two keepalive requests, default 10 s; a connection that leaves one
	// unanswered for three times as long is given up.
	KeepAlive time.Duration
	// Logger hears what is done, never what it contains. Nil means silence.
	Logger *slog.Logger
	// Dial opens the first TCP connection of a route; nil means a plain dialler.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Credentials are the ways to prove who one is. Keys come first: PrivateKey, PrivateKeyPath, IdentityFile of
// ~/.ssh/config, the agent's, and, where nothing was named, ~/.ssh/id_ed25519, id_ecdsa and id_rsa. Then the password.
type Credentials struct {
	// PrivateKey is a key in PEM or OpenSSH form.
	PrivateKey []byte
	// PrivateKeyPath is a file with such a key; ~ is the home directory.
	PrivateKeyPath string
	// Passphrase opens encrypted keys.
	Passphrase string
	// Password answers password and keyboard-interactive authentication.
	Password string
	// Agent says whether the SSH agent is asked: nil means when there is one.
	Agent *bool
	// AgentSocket is where the agent listens; empty means SSH_AUTH_SOCK.
	AgentSocket string
	// Origins says where a value came from, by field name, for messages only: {"PrivateKeyPath": "LAB_SSH_PRIVATE_KEY_PATH"}.
	Origins map[string]string
}

// Bastion is a host on the way. Its credentials fall back, as a whole, to those of the [Options].
type Bastion struct {
	Target
	Credentials
}

// Target names one machine as the user wrote it; Host may be an alias of ~/.ssh/config.
type Target struct {
	Host string
	Port int
	User string
	// HostKey pins the key: authorized_keys lines or SHA256 fingerprints, one a line. A pin overrules known_hosts.
	HostKey string
}

// Stats counts what a pool has done so far.
type Stats struct {
	// Connections are the SSH connections that were made, those to bastions included.
	Connections int64
	// Commands are the round trips: commands run and subsystems started.
	Commands int64
	// Dials are the connections opened through hosts.
	Dials int64
	// BytesSent and BytesReceived are what went over the wire, encrypted.
	BytesSent, BytesReceived int64
}
