package bootstrap

import (
	"errors"
	"testing"
)

func TestOnlyTheTokenOpensWhatItSealed(t *testing.T) {
	t.Parallel()
	sealed, err := Seal("secret", []byte("keys"))
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]string{Key("secret"): sealed}
	if data, err := Find(held, "secret"); err != nil || string(data) != "keys" {
		t.Errorf("got %q, %v", data, err)
	}
	if _, err := Find(held, "other"); !errors.Is(err, ErrOtherToken) {
		t.Errorf("got %v", err)
	}
	if _, err := Open("other", sealed); err == nil {
		t.Error("another token opened it")
	}
	if data, err := Find(nil, "other"); data != nil || err != nil {
		t.Errorf("an empty datastore gave %q, %v", data, err)
	}
}
