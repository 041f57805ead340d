package onhost_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// containerLogs is the end of what the node's programs have logged.
func (s site) containerLogs(ctx context.Context) string {
	out, _ := s.Run(ctx, `cd /var/lib/rancher/rke2/agent && for f in containerd/containerd.log logs/kubelet.log logs/kube-proxy.log logs/coredns.log; do
echo "== $f"; tail -n 25 $f | cut -c1-400; done`)
	return out
}

func podsReached(t *testing.T, server site) {
	client := server.apiClient(t)
	eventually(t, time.Minute, func() string {
		if log := client.get(t, webPod+"/log"); !strings.Contains(log, `"GET / HTTP/1.1" 200`) {
			return "log of nginx: " + log
		}
		return ""
	})
	command := url.Values{"container": {"details"}, "stdout": {"true"}, "stderr": {"true"}, "command": {programOfImage, "no-such-stand-in"}}
	frames := client.stream(t, "/api/v1/namespaces/default/pods/details/exec?"+command.Encode(), nil)
	if output := string(frames[2]); !strings.Contains(output, "usage: standins") {
		t.Errorf("a command in a container: %q", frames)
	}
	request := append([]byte{0}, "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n"...)
	frames = client.stream(t, webPod+"/portforward?ports=80", request)
	if answer := string(frames[0]); !strings.Contains(answer, "Welcome to nginx!") {
		t.Errorf("a forwarded port: %q", frames)
	}
}

// programOfImage is the one program in the images of stand-ins.
const programOfImage = "/usr/local/bin/standins"

// apiClient asks a server's API from outside of its host, as its administrator.
type apiClient struct {
	address string
	config  *tls.Config
}

func (s site) apiClient(t *testing.T) apiClient {
	t.Helper()
	field := func(name string) []byte {
		text := s.run(t, "sed -n 's/^ *"+name+"-data: //p' /etc/rancher/rke2/rke2.yaml")
		content, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(field("certificate-authority"))
	pair, err := tls.X509KeyPair(field("client-certificate"), field("client-key"))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	return apiClient{address: net.JoinHostPort(s.Address().String(), "6443"), config: config}
}

func (c apiClient) get(t *testing.T, path string) string {
	t.Helper()
	return c.do(t, http.MethodGet, path, "")
}

// patch sends a JSON merge patch.
func (c apiClient) patch(t *testing.T, path, body string) {
	t.Helper()
	if answer := c.do(t, http.MethodPatch, path, body); strings.Contains(answer, `"kind":"Status"`) {
		t.Fatal(answer)
	}
}

func (c apiClient) do(t *testing.T, method, path, body string) string {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: c.config, DisableKeepAlives: true}, Timeout: 20 * time.Second}
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+c.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/merge-patch+json")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// stream opens a WebSocket with the kubelet's channels (k8s.io/streaming wsstream: the first byte of each message is its channel), sends one
// message and returns what came on each channel until the other side was done.
func (c apiClient) stream(t *testing.T, path string, message []byte) map[byte][]byte {
	t.Helper()
	dialer := tls.Dialer{Config: c.config}
	conn, err := dialer.DialContext(t.Context(), "tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n", path, c.address)
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(answer.Body)
		t.Fatalf("%s: %s: %s", path, answer.Status, body)
	}
	if message != nil {
		if _, err := conn.Write(frame(message)); err != nil {
			t.Fatal(err)
		}
	}
	out := map[byte][]byte{}
	for {
		kind, payload, err := readFrame(reader)
		if errors.Is(err, io.EOF) || kind == closeFrame {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v after %q", path, err, out)
		}
		if len(payload) > 0 {
			out[payload[0]] = append(out[payload[0]], payload[1:]...)
		}
		if strings.HasSuffix(string(out[0]), "</html>\n") {
			return out
		}
	}
}

const closeFrame = 8

// frame is a message of a WebSocket's client, shorter than 126 bytes (RFC 6455, section 5.2).
func frame(message []byte) []byte {
	mask := make([]byte, 4)
	_, _ = rand.Read(mask)
	out := append([]byte{0x82, 0x80 | byte(len(message))}, mask...)
	for i, b := range message {
		out = append(out, b^mask[i%4])
	}
	return out
}

func readFrame(r io.Reader) (kind byte, payload []byte, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0, nil, err
	}
	length := uint64(head[1] & 0x7f)
	if length >= 126 {
		long := make([]byte, 8)
		size := map[uint64]int{126: 2, 127: 8}[length]
		if _, err := io.ReadFull(r, long[8-size:]); err != nil {
			return 0, nil, err
		}
		length = binary.BigEndian.Uint64(long)
	}
	payload = make([]byte, length)
	_, err = io.ReadFull(r, payload)
	return head[0] & 0xf, payload, err
}
