package node

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
)

// The image of pods' sandboxes comes with k3s' images, from a registry. Here it is made when it is needed: a program of a few
// instructions that sleeps for ever.
var pauseCode = map[string]struct {
	machine uint16 // of the ELF header
	code    []byte
}{
	// mov eax, 34 (pause); syscall; jmp to the begin
	"amd64": {62, []byte{0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7}},
	// mov x8, 73 (ppoll); x0 to x3 are 0; svc; b to the begin
	"arm64": {183, []byte{0x28, 0x09, 0x80, 0xd2, 0, 0, 0x80, 0xd2, 1, 0, 0x80, 0xd2, 2, 0, 0x80, 0xd2, 3, 0, 0x80, 0xd2, 1, 0, 0, 0xd4, 0xfa, 0xff, 0xff, 0x17}},
}

const (
	headers  = 64 + 56 // of ELF: the file's and one program's
	pauseAt  = 0x400000
	readExec = 5
)

// pauseProgram is a static ELF file.
func pauseProgram() ([]byte, error) {
	p, ok := pauseCode[runtime.GOARCH]
	if !ok {
		return nil, fmt.Errorf("no pause program for %s", runtime.GOARCH)
	}
	size := uint64(headers + len(p.code))
	var file bytes.Buffer
	file.Write([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	for _, field := range []any{
		uint16(2), p.machine, uint32(1), uint64(pauseAt + headers), uint64(64), uint64(0), uint32(0), // executable; entry; program header
		uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(readExec), uint64(0), uint64(pauseAt), uint64(pauseAt), size, size, uint64(0x1000), // load all of it
	} {
		if err := binary.Write(&file, binary.LittleEndian, field); err != nil {
			return nil, err
		}
	}
	file.Write(p.code)
	return file.Bytes(), nil
}

// pauseImage is an archive as docker save makes it.
func pauseImage(name string) (io.Reader, error) {
	program, err := pauseProgram()
	if err != nil {
		return nil, err
	}
	layer, err := archive(map[string][]byte{"pause": program}, 0o755)
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux", "config": map[string]any{"Entrypoint": []string{"/pause"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{fmt.Sprintf("sha256:%x", sha256.Sum256(layer))}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	image, err := archive(map[string][]byte{"layer.tar": layer, "config.json": config, "manifest.json": manifest}, 0o644)
	return bytes.NewReader(image), err
}

func archive(files map[string][]byte, mode int64) ([]byte, error) {
	var content bytes.Buffer
	w := tar.NewWriter(&content)
	for name, file := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(file))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(file); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return content.Bytes(), err
}
