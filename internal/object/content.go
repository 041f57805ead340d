package object

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// ContentAnnotation carries the digest of an object's data, for objects whose data is too much to be kept at hand: a
// sealed object has the annotation and no data, and is compared with a live one by the digest of that one's data.
const ContentAnnotation = "lab.dxlab.io/content"

// contentParts are the fields that count as data.
var contentParts = []string{"data", "binaryData"}

// ContentDigest names the data of an object, as "sha256:" and 64 hex digits.
func ContentDigest(o Object) string {
	content := map[string]any{}
	for _, part := range contentParts {
		if m := Map(o, part); len(m) > 0 {
			content[part] = m
		}
	}
	raw, err := json.Marshal(content) // keys are sorted
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Digested returns o with its data's digest in [ContentAnnotation].
func Digested(o Object) Object {
	o = Copy(o)
	Set(o, ContentDigest(o), "metadata", "annotations", ContentAnnotation)
	return o
}

// Seal returns a digested object without its data. Other objects are returned as they are.
func Seal(o Object) Object {
	if String(o, "metadata", "annotations", ContentAnnotation) == "" {
		return o
	}
	o = Copy(o)
	for _, part := range contentParts {
		delete(o, part)
	}
	return o
}

// SealedDigest returns the digest that a sealed object's data must have; empty for every other object.
func SealedDigest(o Object) string {
	for _, part := range contentParts {
		if _, has := o[part]; has {
			return ""
		}
	}
	return String(o, "metadata", "annotations", ContentAnnotation)
}
