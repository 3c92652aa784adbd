package main

import (
	"bytes"
	"errors"
	"os"
)

// version is the collection's, from galaxy.yml.
func version() (string, error) {
	text, err := os.ReadFile("galaxy.yml")
	if err != nil {
		return "", err
	}
	for line := range bytes.Lines(text) {
		if v, ok := bytes.CutPrefix(line, []byte("version: ")); ok {
			return string(bytes.TrimSpace(v)), nil
		}
	}
	return "", errors.New("galaxy.yml: has no line that starts with version:")
}
