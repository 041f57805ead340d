package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// denier refuses everything that is asked of one Service.
type denier struct{ service string }

func (d denier) Answers(q Question) bool { return q.Service == d.service && q.Namespace == "hooks" }

func (d denier) Answer(_ context.Context, q Question) (*admissionv1.AdmissionResponse, error) {
	return Deny("no " + q.Request.Name), nil
}

func TestServer_AnswersForTheServiceThatWasCalled(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		host    string
		allowed bool
		message string
	}{
		"a Service with an answerer": {"strict.hooks.svc", false, "no thing"},
		"any other Service":          {"mild.hooks.svc", true, ""},
		"one of another namespace":   {"strict.others.svc", true, ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			review := admissionv1.AdmissionReview{
				TypeMeta: metav1.TypeMeta{APIVersion: "admission.k8s.io/v1", Kind: "AdmissionReview"},
				Request:  &admissionv1.AdmissionRequest{UID: "7", Name: "thing"},
			}
			var got admissionv1.AdmissionReview
			post(t, test.host, review, &got)
			if got.Kind != "AdmissionReview" || got.Response == nil || got.Response.UID != "7" || got.Response.Allowed != test.allowed {
				t.Fatalf("got %+v", got)
			}
			message := ""
			if got.Response.Result != nil {
				message = got.Response.Result.Message
			}
			if message != test.message {
				t.Errorf("message %q, want %q", message, test.message)
			}
		})
	}
}

func TestServer_ConvertsByRenamingTheVersion(t *testing.T) {
	t.Parallel()
	review := apiextensionsv1.ConversionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "ConversionReview"},
		Request: &apiextensionsv1.ConversionRequest{
			UID: "8", DesiredAPIVersion: "example.test/v2",
			Objects: []runtime.RawExtension{{Raw: []byte(`{"apiVersion":"example.test/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"n":1}}`)}},
		},
	}
	var got apiextensionsv1.ConversionReview
	post(t, "any.hooks.svc", review, &got)
	want := `{"apiVersion":"example.test/v2","kind":"Thing","metadata":{"name":"a"},"spec":{"n":1}}`
	if len(got.Response.ConvertedObjects) != 1 || string(bytes.TrimSpace(got.Response.ConvertedObjects[0].Raw)) != want {
		t.Errorf("got %s", got.Response.ConvertedObjects)
	}
}

// renamer converts things by a field of its own.
type renamer struct{ denier }

func (renamer) Converts(group, kind string) bool { return group == "example.test" && kind == "Other" }

func (renamer) Convert(object *unstructured.Unstructured, desired string) error {
	return unstructured.SetNestedField(object.Object, desired, "spec", "from")
}

func TestServer_LetsAConverterChangeItsKind(t *testing.T) {
	t.Parallel()
	s := NewServer(slog.New(slog.DiscardHandler), denier{"x"}, renamer{})
	for kind, want := range map[string]string{"Other": "example.test/v2", "Thing": ""} {
		o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "example.test/v1", "kind": kind, "spec": map[string]any{}}}
		if err := s.change(o, "example.test/v2"); err != nil {
			t.Fatal(err)
		}
		if got, _, _ := unstructured.NestedString(o.Object, "spec", "from"); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

// post calls the webhook of a Service as the API server does: over a connection to its pod, verifying the certificate for the Service's name.
func post(t *testing.T, host string, review, answer any) {
	t.Helper()
	issuer := newIssuer(t)
	server := NewServer(slog.New(slog.DiscardHandler), denier{"strict"})
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go server.Run(ctx)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(issuer.Bundle())
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: host},
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go server.Serve(far, issuer.For)
			return near, nil
		},
	}}
	content, err := json.Marshal(review)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+host+"/hook", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		t.Fatal(err)
	}
}
