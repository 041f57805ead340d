package relay

import (
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/proxy/config"
)

// headerPeer is where Istio's proxies tell each other who they are (istio/proxy:source/extensions/filters/http/peer_metadata). What is in
// it differs: there a protocol buffer, here JSON.
const headerPeer = "X-Envoy-Peer-Metadata"

func announce(header http.Header, self config.Workload) {
	raw, err := json.Marshal(self)
	if err != nil {
		return // a struct of texts can be written
	}
	header.Set(headerPeer, base64.StdEncoding.EncodeToString(raw))
}

// peerOf reads who sent a request, and takes the header away; nil when nobody says so.
func peerOf(header http.Header) *config.Workload {
	text := header.Get(headerPeer)
	header.Del(headerPeer)
	raw, err := base64.StdEncoding.DecodeString(text)
	if text == "" || err != nil {
		return nil
	}
	var peer config.Workload
	if json.Unmarshal(raw, &peer) != nil {
		return nil
	}
	return &peer
}
