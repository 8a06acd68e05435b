//go:build darwin || linux

package embedded

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// anybody is a user that owns nothing here.
func anybody() account { return account{name: "anybody", uid: 1<<31 - 2, gid: 1<<31 - 2} }

func ourselves() account {
	return account{name: "ourselves", uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}
}

func TestPlaceForRoot(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		closed []string // folders that only their owner can enter
		want   string
	}{
		"open folder":             {nil, "folder"},
		"closed folder":           {[]string{"folder"}, "spare"},
		"closed parent":           {[]string{"."}, ""},
		"closed folder and spare": {[]string{"folder", "spare"}, ""},
		"only the spare is open":  {[]string{"folder"}, "spare"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := filepath.Join(openFolder(t), "base")
			for _, folder := range []string{"folder", "spare"} {
				makeMode(t, filepath.Join(base, folder), 0o755)
			}
			for _, folder := range test.closed {
				makeMode(t, filepath.Join(base, folder), 0o700)
			}
			// Neither exists yet: a missing folder is made so that it can be entered.
			folder, spare := filepath.Join(base, "folder", "shop"), filepath.Join(base, "spare", "shop")
			place, server, err := placeForRoot(folder, spare, func() (account, error) { return anybody(), nil })
			if test.want == "" {
				if err == nil {
					t.Errorf("placed in %s", place)
				}
				return
			}
			if err != nil || place != filepath.Join(base, test.want, "shop") || server != anybody() {
				t.Errorf("got %s as %s, %v", place, server.name, err)
			}
		})
	}
}

func TestPlaceForRootWithoutUsers(t *testing.T) {
	t.Parallel()
	none := errors.New("no user")
	_, _, err := placeForRoot(t.TempDir(), t.TempDir(), func() (account, error) { return account{}, none })
	if !errors.Is(err, none) {
		t.Errorf("got %v", err)
	}
}

// Data keep their user, whoever starts the program.
func TestPlaceForRootFollowsTheOwnerOfData(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give folders away")
	}
	folder, spare := openFolder(t), openFolder(t)
	data := cluster{folder: spare}.data()
	makeMode(t, data, 0o700)
	owner := account{name: "with the id 2147483645", uid: 1<<31 - 3, gid: 1<<31 - 4}
	if err := owner.give(data); err != nil {
		t.Fatal(err)
	}
	place, server, err := placeForRoot(spare, folder, func() (account, error) { return anybody(), nil })
	if err != nil || place != spare || server != owner {
		t.Errorf("got %s as %+v, %v", place, server, err)
	}
}

func TestCanEnter(t *testing.T) {
	t.Parallel()
	base := openFolder(t)
	tests := map[string]struct {
		mode os.FileMode
		by   account
		want bool
	}{
		"open to all, by a stranger":      {0o711, anybody(), true},
		"closed, by a stranger":           {0o770, anybody(), false},
		"readable only, by a stranger":    {0o774, anybody(), false},
		"by the owner":                    {0o700, ourselves(), true},
		"closed to the owner":             {0o077, ourselves(), false},
		"by the group":                    {0o710, account{"member", anybody().uid, ourselves().gid}, true},
		"closed to the group, not to all": {0o701, account{"member", anybody().uid, ourselves().gid}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(base, strings.ReplaceAll(name, " ", "-"))
			makeMode(t, folder, test.mode)
			if owner := folderGroup(t, folder); owner != ourselves().gid {
				t.Skip("new folders get another group here")
			}
			if got := canEnter(test.by, folder); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o777); err != nil {
		t.Fatal(err)
	}
	if canEnter(ourselves(), file) {
		t.Error("a file counts as a folder")
	}
}

func TestRealPath(t *testing.T) {
	t.Parallel()
	base := realPath(t.TempDir())
	makeMode(t, filepath.Join(base, "real"), 0o755)
	if err := os.Symlink("real", filepath.Join(base, "link")); err != nil {
		t.Fatal(err)
	}
	if got, want := realPath(filepath.Join(base, "link", "not", "there")), filepath.Join(base, "real", "not", "there"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func makeMode(t *testing.T, folder string, mode os.FileMode) {
	t.Helper()
	if err := makeFolders(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(folder, 0o755) }) // so that it can be removed
}

func folderGroup(t *testing.T, folder string) uint32 {
	t.Helper()
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Gid
}
