package kube

import (
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// This file holds every place in which a text of the API server is matched. The API gives no other sign in
// these cases; each function names the source of its text.

// isUndeclaredField matches a server-side apply of a field that the kind does not have. The server reports it as
// an internal error (apimachinery/pkg/util/managedfields/internal/structuredmerge.go, "failed to create typed patch object").
func isUndeclaredField(message string) bool {
	return strings.Contains(message, "failed to create typed patch object")
}

// isDeniedByWebhook matches the answer of an admission webhook that refused, whatever status it chose
// (apiserver/pkg/admission/plugin/webhook/errors/statuserror.go, ToStatusErr).
func isDeniedByWebhook(message string) bool {
	return strings.Contains(message, `admission webhook "`) && strings.Contains(message, "denied the request")
}

// isWithoutDryRun matches a webhook with side effects, which the API server never calls in a dry run
// (apiserver/pkg/admission/plugin/webhook/errors/statuserror.go, NewDryRunUnsupportedErr).
func isWithoutDryRun(message string) bool {
	return strings.Contains(message, "does not support dry run")
}

// isDeniedByAuthorizer matches a refusal of the user, not of the object
// (apiserver/pkg/endpoints/handlers/responsewriters/errors.go, forbiddenMessage).
func isDeniedByAuthorizer(message string) bool {
	return strings.Contains(message, `User "`) && strings.Contains(message, `" cannot `)
}

// isAnonymous matches a refusal of a request whose credentials nobody recognised.
func isAnonymous(message string) bool {
	return isDeniedByAuthorizer(message) && strings.Contains(message, `User "system:anonymous"`)
}

// isWithoutCredentials matches a credential plugin that failed (client-go/plugin/pkg/client/auth/exec/exec.go, RoundTrip).
func isWithoutCredentials(text string) bool { return strings.Contains(text, "getting credentials: ") }

// refusedCertificate is how crypto/tls words the alerts by which a server refuses a client's certificate
// (crypto/tls/alert.go; the type of the alert is not exported).
var refusedCertificate = regexp.MustCompile(`remote error: tls: (bad|unsupported|revoked|expired|unknown) certificate|remote error: tls: (certificate required|access denied)`)

// isRefusedCertificate matches a handshake that the server ended because of the client's certificate.
func isRefusedCertificate(text string) bool { return refusedCertificate.MatchString(text) }

// isOutOfTime matches the rate limiter when the context ends while it is asked; its error wraps nothing
// (golang.org/x/time/rate, WaitN).
func isOutOfTime(text string) bool { return strings.Contains(text, "would exceed context deadline") }

// isMissingServiceAccount matches a pod that came before the default service account of its new namespace
// (plugin/pkg/admission/serviceaccount/admission.go, "error looking up service account").
func isMissingServiceAccount(message string) bool {
	return strings.Contains(message, "error looking up service account")
}

// isOtherUID matches a delete whose UID precondition does not hold
// (apiserver/pkg/registry/rest/delete.go, BeforeDelete; apiserver/pkg/storage/interfaces.go, Preconditions.Check).
func isOtherUID(message string) bool {
	return strings.Contains(message, "the UID in the precondition") || strings.Contains(message, "Precondition failed: UID")
}

// webhookCall is how an error begins that comes from calling a webhook, admission
// (apiserver/pkg/admission/plugin/webhook/errors, ErrCallingWebhook) or conversion
// (apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go).
var webhookCall = regexp.MustCompile(`failed calling webhook "|failed to call webhook: |conversion webhook for `)

// webhookCause is how such an error goes on when the server behind it is not up yet, or when its certificate is
// not known to the API server yet: in order, the network, the service, the certificate, a deadline, 502 to
// 504. RKE2 dials webhooks through a proxy of its own, which says "proxy error from 127.0.0.1:9345 while dialing
// 10.42.0.5:9443, code 502: 502 Bad Gateway".
var webhookCause = regexp.MustCompile(`connection refused|connection reset by peer|no route to host|i/o timeout|no such host|EOF` +
	`|no endpoints available for service|service "[^"]*" not found` +
	`|x509: |remote error: tls: ` +
	`|context deadline exceeded|Client\.Timeout exceeded` +
	`|an error on the server \(|the server is currently unable to handle the request|the server was unable to return a response in the time allotted` +
	`|Bad Gateway|Service Unavailable|Gateway Timeout|proxy error from `)

// IsWebhookNotReady reports that a request failed because the API server could not reach a webhook, or not trust
// it, the way it is for a moment while a chart comes up or goes. It says nothing about a webhook that answered:
// a refusal is no race. Errors that passed through helm have lost everything but their text, so it is the text
// that is looked at.
func IsWebhookNotReady(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	at := webhookCall.FindStringIndex(text)
	if at == nil || isDeniedByWebhook(text) {
		return false
	}
	return webhookCause.MatchString(text[at[0]:])
}

// message returns what the API server said, or "" when err is not its answer.
func message(err error) string {
	var status apierrors.APIStatus
	if !asStatus(err, &status) {
		return ""
	}
	return status.Status().Message
}
