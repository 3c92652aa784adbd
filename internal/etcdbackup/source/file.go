package source

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Copy writes the snapshot that a file holds, as k3s makes them: etcd's own, or in a zip alone.
func Copy(path string, to io.Writer) error {
	if err := copyFile(path, to); err != nil {
		return fmt.Errorf("read snapshot %s: %w", path, err)
	}
	return nil
}

func copyFile(path string, to io.Writer) error {
	if strings.HasSuffix(path, ".zip") {
		return unzip(path, to)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(to, file)
	return err
}

func unzip(path string, to io.Writer) error {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer archive.Close()
	if len(archive.File) != 1 {
		return fmt.Errorf("there are %d files in it, and one is expected", len(archive.File))
	}
	content, err := archive.File[0].Open()
	if err != nil {
		return err
	}
	_, err = io.Copy(to, content)
	return errors.Join(err, content.Close())
}

// Size is how many bytes the snapshot in a file has.
func Size(path string) (int64, error) {
	if !strings.HasSuffix(path, ".zip") {
		info, err := os.Stat(path)
		if err != nil {
			return 0, fmt.Errorf("read snapshot: %w", err)
		}
		return info.Size(), nil
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return 0, fmt.Errorf("read snapshot %s: %w", path, err)
	}
	defer archive.Close()
	var size uint64
	for _, file := range archive.File {
		size += file.UncompressedSize64
	}
	return int64(size), nil
}
