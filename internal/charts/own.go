package charts

import (
	"fmt"
	"io/fs"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
)

// fetchOwn reads a chart that comes with the program.
func (s Source) fetchOwn() (*Chart, error) {
	var files []*archive.BufferedFile
	err := fs.WalkDir(s.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(s.Files, name)
		files = append(files, &archive.BufferedFile{Name: name, Data: content})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", s.Ref, err)
	}
	return &Chart{Origin: s.Ref, load: func() (*chart.Chart, error) { return loader.LoadFiles(files) }}, nil
}
