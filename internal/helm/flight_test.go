package helm

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestFlights_ShareOneAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all flights[int]
		var runs atomic.Int32
		open := make(chan struct{})
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				got, err := all.do(t.Context(), "key", func(context.Context) (int, error) {
					<-open
					return int(runs.Add(1)), nil
				})
				if err != nil || got != 1 {
					t.Errorf("%d, %v", got, err)
				}
			})
		}
		synctest.Wait()
		close(open)
		wg.Wait()
		if runs.Load() != 1 {
			t.Errorf("%d attempts", runs.Load())
		}
	})
}

func TestFlights_OneWhoGivesUpTakesNobodyDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all flights[string]
		open := make(chan struct{})
		work := func(ctx context.Context) (string, error) {
			select {
			case <-open:
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err()
			}
		}
		impatient, giveUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := all.do(impatient, "key", work); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who gave up: %v", err)
			}
		})
		synctest.Wait()
		wg.Go(func() {
			if got, err := all.do(t.Context(), "key", work); err != nil || got != "done" {
				t.Errorf("the one who stayed: %q, %v", got, err)
			}
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(open)
		wg.Wait()
	})
}

func TestFlights_EndWhenNobodyWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all flights[string]
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, _ = all.do(ctx, "key", func(ctx context.Context) (string, error) {
				<-ctx.Done()
				ended <- ctx.Err()
				return "", ctx.Err()
			})
		}()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		got, err := all.do(t.Context(), "key", func(context.Context) (string, error) { return "anew", nil })
		if err != nil || got != "anew" {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestTurns_AreTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all turns
		first, err := all.take(t.Context(), "key")
		if err != nil {
			t.Fatal(err)
		}
		other, err := all.take(t.Context(), "other")
		if err != nil {
			t.Fatal(err)
		}
		other()
		impatient, giveUp := context.WithCancel(t.Context())
		go giveUp()
		if _, err := all.take(impatient, "key"); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		first()
		second, err := all.take(t.Context(), "key")
		if err != nil {
			t.Fatal(err)
		}
		second()
		if len(all.now) != 0 {
			t.Errorf("%d turns are left", len(all.now))
		}
	})
}
