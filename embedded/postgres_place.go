//go:build darwin || linux

package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// spareFolder is where root keeps data whose own folder the server's user cannot enter. Folders for
// temporary files are no choice: they are emptied of what was not used for a month.
const spareFolder = "/var/lib/ecoseller"

// account is the user the server runs as; the zero value is our own user.
type account struct {
	name     string
	uid, gid uint32
}

func (a account) own() bool { return a.name == "" }

func (a account) credential() *syscall.Credential {
	if a.own() {
		return nil
	}
	return &syscall.Credential{Uid: a.uid, Gid: a.gid}
}

// give makes the account the owner of a file or folder.
func (a account) give(path string) error {
	if a.own() {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// placePostgres decides on the folder and the user of the server, and makes the folder.
func placePostgres(options PostgresOptions) (string, account, error) {
	folder, err := filepath.Abs(options.Folder)
	if err != nil {
		return "", account{}, fmt.Errorf("find folder: %w", err)
	}
	folder = realPath(folder)
	place, server := folder, account{}
	if os.Geteuid() == 0 {
		place, server, err = placeForRoot(folder, filepath.Join(spareFolder, shortHash(folder)), lookUpAccount)
		if err != nil {
			return "", account{}, err
		}
	}
	if place != folder {
		options.Progress(fmt.Sprintf("the user %s cannot enter %s; PostgreSQL keeps its data in %s", server.name, folder, place))
	}
	if err := makeFolders(place); err != nil {
		return "", account{}, fmt.Errorf("make folder: %w", err)
	}
	return place, server, nil
}

// placeForRoot picks the folder or its spare, whichever the server's user can enter: a server refuses to
// run as root. Data that exist are served by the user they belong to.
func placeForRoot(folder, spare string, lookUp func() (account, error)) (string, account, error) {
	for _, place := range []string{folder, spare} {
		server, exists := ownerOf(cluster{folder: place}.data())
		if !exists {
			var err error
			if server, err = lookUp(); err != nil {
				return "", account{}, err
			}
		}
		if canEnter(server, place) {
			return place, server, nil
		}
	}
	return "", account{}, fmt.Errorf("PostgreSQL cannot run as root, and no other user can enter %s or %s", folder, spare)
}

// lookUpAccount finds a user without rights of its own to run a server for root.
func lookUpAccount() (account, error) {
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return account{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return account{}, errors.New("PostgreSQL cannot run as root, and there is no user postgres or nobody")
}

// ownerOf is the user a path belongs to; root counts as nobody at all.
func ownerOf(path string) (account, bool) {
	info, err := os.Stat(path)
	if err != nil {
		return account{}, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Uid == 0 {
		return account{}, false
	}
	name := "with the id " + strconv.Itoa(int(stat.Uid))
	if found, err := user.LookupId(strconv.Itoa(int(stat.Uid))); err == nil {
		name = found.Username
	}
	return account{name: name, uid: stat.Uid, gid: stat.Gid}, true
}

// canEnter says whether a user may pass through a folder and all its parents. Those that are missing
// count as open, since we make them so.
func canEnter(server account, folder string) bool {
	for ; ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if err == nil && (!info.IsDir() || !mayEnter(server, info)) {
			return false
		}
		if folder == filepath.Dir(folder) {
			return true
		}
	}
}

func mayEnter(server account, info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	mode := info.Mode().Perm()
	switch {
	case !ok:
		return false
	case stat.Uid == server.uid:
		return mode&0o100 != 0
	case stat.Gid == server.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// realPath resolves the links in the part of a path that exists.
func realPath(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(realPath(parent), filepath.Base(path))
}

// makeFolders makes a folder and its parents so that every user can enter them, whatever our umask is.
func makeFolders(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if err := makeFolders(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Chmod(path, 0o755)
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// lockFolder makes the folder ours until the file is closed or this process ends, however it ends.
func lockFolder(folder string) (*os.File, error) {
	// Reading is enough for a lock, so a file that root has made does not shut other users out.
	file, err := os.OpenFile(filepath.Join(folder, "postgres.lock"), os.O_RDONLY|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock folder: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s", ErrFolderInUse, folder)
	}
	return nil, fmt.Errorf("lock folder: %w", err)
}
