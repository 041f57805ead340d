package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/etcd"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/jointoken"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubeapi"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/snapshot"
	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/supervisor"
)

// commandEndpoints answers the commands that talk to the running server: rke2 etcd-snapshot and rke2 token rotate.
func (s *server) commandEndpoints() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /db/snapshot", func(w http.ResponseWriter, r *http.Request) {
		var request snapshot.Request
		serve(w, r, &request, func(ctx context.Context) (any, error) { return s.snapshots(ctx, request) })
	})
	mux.HandleFunc("PUT /v1-rke2/token", func(w http.ResponseWriter, r *http.Request) {
		var request struct{ NewToken string }
		serve(w, r, &request, func(ctx context.Context) (any, error) { return nil, s.rotateToken(ctx, request.NewToken) })
	})
	return mux
}

func serve(w http.ResponseWriter, r *http.Request, request any, do func(ctx context.Context) (any, error)) {
	err := json.NewDecoder(r.Body).Decode(request)
	var answer any
	if err == nil {
		answer, err = do(r.Context())
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		answer = kubeapi.Object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": err.Error(), "code": 500}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) snapshots(ctx context.Context, r snapshot.Request) (snapshot.Result, error) {
	store := snapshot.Store{Dir: s.snapshotDir(), Node: s.id.Name, Database: func(ctx context.Context, w io.Writer) error {
		client, err := etcd.New(s.data.TLS())
		if err != nil {
			return err
		}
		return client.Snapshot(ctx, w)
	}}
	result, err := store.Do(ctx, r)
	if err != nil {
		return result, err
	}
	return result, s.publishSnapshots(ctx, store)
}

func (s *server) snapshotDir() string {
	if dir := s.Settings.String("etcd-snapshot-dir"); dir != "" {
		return dir
	}
	return s.data.Snapshots()
}

// publishSnapshots makes the cluster's ETCDSnapshotFile objects of this node agree with its folder.
func (s *server) publishSnapshots(ctx context.Context, store snapshot.Store) error {
	api, err := s.readyClient()
	if err != nil {
		return err
	}
	all, err := store.Do(ctx, snapshot.Request{Operation: "list"})
	if err != nil {
		return err
	}
	present := map[string]bool{}
	for _, o := range all.Files {
		present[kubeapi.Text(o, "metadata", "name")] = true
		stored, err := api.Apply(ctx, kubeapi.Object{
			"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": o["metadata"], "spec": o["spec"],
		}, "rke2")
		if err != nil {
			return err
		}
		if err := api.ApplyStatus(ctx, stored, kubeapi.Map(o, "status")); err != nil {
			return err
		}
	}
	list, err := api.Get(ctx, "/apis/k3s.cattle.io/v1/etcdsnapshotfiles")
	if err != nil {
		return err
	}
	for _, item := range kubeapi.List(list, "items") {
		o, ok := item.(kubeapi.Object)
		if !ok || kubeapi.Text(o, "spec", "nodeName") != s.id.Name || present[kubeapi.Text(o, "metadata", "name")] {
			continue
		}
		o["apiVersion"], o["kind"] = "k3s.cattle.io/v1", "ETCDSnapshotFile"
		if err := api.Delete(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// removeMember takes a deleted server out of etcd. The last member stays.
func (s *server) removeMember(ctx context.Context, node string, annotations kubeapi.Object) error {
	name, _ := annotations[etcdNameAnnotation].(string)
	if name == "" || node == s.id.Name {
		return nil
	}
	client, err := etcd.New(s.data.TLS())
	if err != nil {
		return err
	}
	s.Logger.Info(fmt.Sprintf("Removing name=%s from etcd", name))
	return client.Remove(ctx, name)
}

// rotateToken gives the cluster a new server token. Nodes that have the old one in their configuration cannot start until it is changed.
func (s *server) rotateToken(ctx context.Context, text string) error {
	token, err := jointoken.Parse(text)
	if err != nil {
		return err
	}
	api, err := s.readyClient()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := supervisor.Users{Server: token.Password, Agent: s.users.Agent}
	if s.users.Agent == s.users.Server {
		next.Agent = token.Password
	}
	if next.Server == s.users.Server {
		return errors.New("new token is the same as the old one")
	}
	if err := rememberToken(ctx, api, next.Server); err != nil {
		return err
	}
	if err := writePasswd(s.data.Passwd(), next); err != nil {
		return err
	}
	s.users = next
	return writeTokens(s.data, next, s.id.IPs[0].String(), s.Logger.Info)
}
