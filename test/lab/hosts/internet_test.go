package hosts_test

import (
	"net/http"
	"os"
	"testing"
	"time"
)

// TestMain_Internet checks that the sandbox has a way out when it was asked for, and none otherwise.
func TestMain_Internet(t *testing.T) {
	t.Parallel()
	client := http.Client{Timeout: 20 * time.Second}
	response, err := client.Get("https://proxy.golang.org/")
	if err == nil {
		_ = response.Body.Close()
	}
	if want := os.Getenv("LAB_INTERNET") == "true"; (err == nil) != want {
		t.Errorf("the internet is there: %v (%v), want %v", err == nil, err, want)
	}
}
