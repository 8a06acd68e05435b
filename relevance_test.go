package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"ecoseller/store/storetest"
)

var update = flag.Bool("update", false, "write golden files anew")

// relevanceTolerance is how far a measure may fall or rise before the golden file has to be looked at.
const relevanceTolerance = 0.005

// TestRelevanceIsAsBefore measures both engines on real catalogues with judged queries, and compares with what was
// reached before. A gain is a reason to look as well: then write the file anew with -update.
//
// It is not parallel: tests that hold others to a time would wait for it.
func TestRelevanceIsAsBefore(t *testing.T) {
	folder := os.Getenv("ECOSELLER_DATA")
	if folder == "" {
		t.Skip("ECOSELLER_DATA does not name a folder with <name>-products.ndjson.gz and <name>-judgments.tsv")
	}
	environment := servicesEnvironment(t)
	// A program without the race detector, which would make minutes of this.
	binary := filepath.Join(t.TempDir(), "ecoseller")
	if output, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v %s", err, output)
	}
	var measured strings.Builder
	for _, name := range []string{"esci", "icecat"} {
		command := exec.Command(binary, "relevance",
			"--catalogue", filepath.Join(folder, name+"-products.ndjson.gz"),
			"--judgments", filepath.Join(folder, name+"-judgments.tsv"))
		command.Env, command.Stderr = environment, t.Output()
		output, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fmt.Fprintf(&measured, "%s\n%s\n", name, summaries(string(output)))
	}
	golden := filepath.Join("search", "relevance", "testdata", "golden.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(measured.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("measured:\n%s", measured.String())
	compareMeasures(t, string(before), measured.String())
}

// summaries keeps the lines that name an engine and those over all queries.
func summaries(output string) string {
	var kept []string
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line == "ELASTICSEARCH" || line == "POSTGRES" || strings.Contains(line, " queries, ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

var measure = regexp.MustCompile(`\d\.\d{4}`)

func compareMeasures(t *testing.T, before, now string) {
	t.Helper()
	old, present := measure.FindAllString(before, -1), measure.FindAllString(now, -1)
	if len(old) != len(present) || measure.ReplaceAllString(before, "") != measure.ReplaceAllString(now, "") {
		t.Fatalf("before:\n%s\nnow:\n%s", before, now)
	}
	for i := range old {
		a, _ := strconv.ParseFloat(old[i], 64)
		b, _ := strconv.ParseFloat(present[i], 64)
		if b < a-relevanceTolerance || b > a+relevanceTolerance {
			t.Errorf("%.4f was %.4f", b, a)
		}
	}
}

// servicesEnvironment is the environment of a shop on the services of the tests.
func servicesEnvironment(t *testing.T) []string {
	t.Helper()
	var environment []string
	for _, name := range []string{"POSTGRES_HOST", "POSTGRES_PORT", "POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD", "ELASTIC_HOST"} {
		value := os.Getenv(name)
		if value == "" {
			storetest.Unavailable(t, name+" is not set: run `make test`, or `eval \"$(scripts/services env)\"` after `scripts/services start`")
		}
		environment = append(environment, name+"="+value)
	}
	return append(environment, "USING_REDIS_QUEUE=0", "LOG_LEVEL=error")
}
