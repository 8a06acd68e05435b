package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v3"
)

// version is set by the build of a release: -ldflags "-X main.version=v1.2.3".
var version string

// build is what the program was built from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	// Time is when the revision was committed.
	Time string `json:"time"`
	// Modified says that the sources differed from the revision.
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// thisBuild reads what the compiler has written into the program.
func thisBuild() build {
	b := build{Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Version: version}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Version = cmp.Or(b.Version, info.Main.Version)
		for _, setting := range info.Settings {
			switch setting.Key {
			case "vcs.revision":
				b.Revision = setting.Value
			case "vcs.time":
				b.Time = setting.Value
			case "vcs.modified":
				b.Modified = setting.Value == "true"
			}
		}
	}
	b.Version = cmp.Or(b.Version, "(devel)")
	return b
}

// versionCommand prints it.
func versionCommand(_ context.Context, line *cli.Command) error {
	if err := refuseStrangers(line); err != nil {
		return err
	}
	b := thisBuild()
	if line.Bool("json") {
		return printJSON(b)
	}
	fmt.Printf("ecoseller %s\n", b.Version)
	if b.Revision != "" {
		changed := ""
		if b.Modified {
			changed = ", with changes"
		}
		fmt.Printf("revision  %s of %s%s\n", b.Revision, b.Time, changed)
	}
	fmt.Printf("built by  %s for %s\n", b.Go, b.Platform)
	return nil
}

func printJSON(v any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
