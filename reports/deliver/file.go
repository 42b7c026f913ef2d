package deliver

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"countersign/internal/wholefile"
)

// writeFile writes the file into the folder, or without one to a deleted temporary file, and opens it.
func writeFile(folder, name string, print func(io.Writer) error) (*os.File, error) {
	if folder != "" {
		path := filepath.Join(folder, name)
		if err := wholefile.Replace(path, print); err != nil {
			return nil, err
		}
		return os.Open(path)
	}
	file, err := os.CreateTemp("", "countersign-report-*")
	if err != nil {
		return nil, err
	}
	err = os.Remove(file.Name()) // even a crash leaves nothing behind
	if err == nil {
		err = print(file)
	}
	if _, again := file.Seek(0, io.SeekStart); err == nil {
		err = again
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
