package supervisor

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// ErrPassword says that another machine holds the node's name.
var ErrPassword = errors.New("hash does not match")

const hashRounds = 1000

// NodePasswords keeps a secret for each node name, so that a second machine cannot take the name of a first one.
type NodePasswords struct {
	// API returns a client with administrator's rights, or an error while the API server is not up.
	API func() (*kubeapi.Client, error)
}

// SecretPath returns the path of a node's secret. The name is RKE2's: <node>.node-password.rke2.
func SecretPath(node string) string {
	return "/api/v1/namespaces/kube-system/secrets/" + node + ".node-password.rke2"
}

// Verify accepts the first password of a name and remembers it; later another one is ErrPassword.
func (n *NodePasswords) Verify(ctx context.Context, node, password string) error {
	if password == "" {
		return fmt.Errorf("node password not set: %w", ErrPassword)
	}
	api, err := n.API()
	if err != nil {
		return err
	}
	secret, err := api.Get(ctx, SecretPath(node))
	if kubeapi.IsCode(err, http.StatusNotFound) {
		return n.remember(ctx, api, node, password)
	}
	if err != nil {
		return err
	}
	stored, err := base64.StdEncoding.DecodeString(kubeapi.Text(secret, "data", "hash"))
	if err != nil || !matches(string(stored), password) {
		return ErrPassword
	}
	return nil
}

func (n *NodePasswords) remember(ctx context.Context, api *kubeapi.Client, node, password string) error {
	return api.Do(ctx, kubeapi.Request{
		Method: http.MethodPost, Path: "/api/v1/namespaces/kube-system/secrets",
		Body: kubeapi.Object{
			"apiVersion": "v1", "kind": "Secret", "immutable": true, "type": "Opaque",
			"metadata":   kubeapi.Object{"name": node + ".node-password.rke2", "namespace": "kube-system"},
			"stringData": kubeapi.Object{"hash": hash(password)},
		},
	}, nil)
}

func hash(password string) string {
	salt := make([]byte, 8)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	return "$lab:" + hex.EncodeToString(salt) + ":" + derive(password, salt)
}

func matches(stored, password string) bool {
	fields := strings.Split(stored, ":")
	if len(fields) != 3 {
		return false
	}
	salt, err := hex.DecodeString(fields[1])
	return err == nil && same(derive(password, salt), fields[2])
}

func derive(password string, salt []byte) string {
	key, err := pbkdf2.Key(sha256.New, password, salt, hashRounds, 32)
	if err != nil {
		return ""
	}
	return base64.StdEncoding.EncodeToString(key)
}
