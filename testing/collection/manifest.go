package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// listed is how MANIFEST.json and FILES.json name a file. The format is Ansible's collection format 1
// (lib/ansible/galaxy/collection/__init__.py); a symbolic link counts as the file that it leads to.
type listed struct {
	Name   string  `json:"name"`
	Type   string  `json:"ftype"`
	Kind   *string `json:"chksum_type"`
	Sum    *string `json:"chksum_sha256"`
	Format int     `json:"format"`
}

func folder(name string) listed { return listed{Name: name, Type: "dir", Format: 1} }

func file(name, sum string) listed {
	kind := "sha256"
	return listed{Name: name, Type: "file", Kind: &kind, Sum: &sum, Format: 1}
}

// filesJSON lists the entries of a collection.
func filesJSON(entries []entry) ([]byte, error) {
	files := []listed{folder(".")}
	for _, e := range entries {
		if e.mode.IsDir() {
			files = append(files, folder(e.name))
		} else {
			files = append(files, file(e.name, e.sum))
		}
	}
	return json.MarshalIndent(map[string]any{"files": files, "format": 1}, "", " ")
}

// manifestJSON says what the collection is, and vouches for FILES.json.
func manifestJSON(g galaxy, files []byte) ([]byte, error) {
	sum := sha256.Sum256(files)
	return json.MarshalIndent(map[string]any{
		"collection_info":    g,
		"file_manifest_file": file("FILES.json", hex.EncodeToString(sum[:])),
		"format":             1,
	}, "", " ")
}
