package store

import (
	"errors"
	"io/fs"
	"syscall"
)

// explain knows what disks say.
func (f *files) explain(err error) *problem {
	if f.reason != nil {
		if known := f.reason(err); known != nil {
			return known
		}
	}
	at := f.root
	var where *fs.PathError
	if errors.As(err, &where) {
		at = where.Path
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return &problem{why: "there is one already", next: "choose another name, or delete that one", kind: fs.ErrExist}
	case errors.Is(err, fs.ErrNotExist) && at == f.root:
		return &problem{why: "there is no folder " + f.root, next: "mount its disk, or make it", kind: nil}
	case errors.Is(err, fs.ErrNotExist):
		return &problem{why: "there is none", kind: fs.ErrNotExist}
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &problem{why: cause(err).Error(), next: "free some of the disk, or raise the quota", kind: ErrFull}
	case errors.Is(err, syscall.EROFS):
		return &problem{why: "its disk is mounted read-only", next: "look for errors of the disk (dmesg), mount it for writing", kind: ErrDenied}
	case errors.Is(err, fs.ErrPermission):
		return &problem{why: at + ": " + cause(err).Error(), next: "check who owns the folder and what is in it", kind: ErrDenied}
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE):
		return &problem{why: at + ": " + cause(err).Error(), next: "look at the health of its disk (dmesg)"}
	}
	return &problem{why: at + ": " + cause(err).Error(), next: "look at the folder and its disk"}
}

// cause drops from an error the operation and the path.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
