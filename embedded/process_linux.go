package embedded

import (
	"os"
	"strconv"
	"syscall"
)

// endWithParent makes the system end the child, in an orderly way, when this process dies.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGINT }

// isServerOf says whether a process works on a data folder: all processes of PostgreSQL stand in theirs.
func isServerOf(pid int, data string) bool {
	folder, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	return err == nil && folder == data
}
