package server

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
)

// tokenSecret holds a hash of the token that the cluster has now. RKE2 keeps the cluster's shared files in etcd, encrypted with the token;
// the stand-in only needs to know whether a configured token is the right one.
const tokenSecret = "/api/v1/namespaces/kube-system/secrets/lab-cluster-token"

var errToken = errors.New("bootstrap data already found and encrypted with different token")

// checkToken compares the token of this server with the cluster's, and writes the token files when it is the right one. A cluster
// without a token gets this one.
func (s *server) checkToken(ctx context.Context, api *kubeapi.Client) error {
	secret, err := api.Get(ctx, tokenSecret)
	want := base64.StdEncoding.EncodeToString([]byte(jointoken.Hash([]byte(s.users.Server))))
	switch {
	case kubeapi.IsCode(err, http.StatusNotFound):
		err = rememberToken(ctx, api, s.users.Server)
	case err == nil && kubeapi.Text(secret, "data", "hash") != want:
		err = errToken
	}
	if err != nil {
		return err
	}
	if err := writePasswd(s.data.Passwd(), s.users); err != nil {
		return err
	}
	return writeTokens(s.data, s.users, s.id.IPs[0].String(), s.Logger.Info)
}

func rememberToken(ctx context.Context, api *kubeapi.Client, password string) error {
	_, err := api.Apply(ctx, kubeapi.Object{
		"apiVersion": "v1", "kind": "Secret",
		"metadata":   kubeapi.Object{"name": "lab-cluster-token", "namespace": "kube-system"},
		"stringData": kubeapi.Object{"hash": jointoken.Hash([]byte(password))},
	}, "rke2")
	return err
}
