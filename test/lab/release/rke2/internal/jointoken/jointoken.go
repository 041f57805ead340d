// Package jointoken knows the form of a cluster join token: K10<sha256 of the cluster CA>::<user>:<password>, or a bare password.
package jointoken

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

const prefix = "K10"

// Token is a join token taken apart. CAHash is empty when the token was given as a bare password.
type Token struct {
	CAHash   string
	User     string
	Password string
}

// Parse reads a token of either form. The messages are those of k3s-io/k3s pkg/clientaccess/token.go parseToken.
func Parse(token string) (Token, error) {
	token = strings.TrimSpace(token)
	if token == "" {
		return Token{}, errors.New("token must not be empty")
	}
	rest, full := strings.CutPrefix(token, prefix)
	if !full {
		return Token{Password: token}, nil
	}
	hash, creds, ok := strings.Cut(rest, "::")
	if !ok {
		hash, creds = "", rest
	}
	if hash != "" && len(hash) != sha256.Size*2 {
		return Token{}, errors.New("invalid token CA hash length")
	}
	user, password, ok := strings.Cut(creds, ":")
	if !ok || password == "" {
		return Token{}, errors.New("invalid token format")
	}
	return Token{CAHash: hash, User: user, Password: password}, nil
}

// Format returns the full token for a cluster whose CA file has the given content.
func Format(caPEM []byte, user, password string) string {
	return prefix + Hash(caPEM) + "::" + user + ":" + password
}

// Hash returns the hex sha256 of a CA file that holds a single certificate: the digest of its literal bytes.
func Hash(caPEM []byte) string {
	sum := sha256.Sum256(caPEM)
	return hex.EncodeToString(sum[:])
}

// CheckCA compares the token's CA hash with the CA that a server presents; a token without a hash accepts any CA.
func (t Token) CheckCA(caPEM []byte) error {
	if t.CAHash == "" || t.CAHash == Hash(caPEM) {
		return nil
	}
	return fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", t.CAHash, Hash(caPEM))
}

// NewPassword returns a random password of 32 hex digits.
func NewPassword() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}
