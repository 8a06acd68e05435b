package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// exampleText is what the examples look for in the demo catalogue, and exampleHit what they should find.
const (
	exampleText = "sluchatka bez dratu"
	exampleHit  = "Bezdrátová herní sluchátka Mirovex Echo Air"
	exampleSKU  = "MIR-ECHOAIR-BLK"
)

// TestExamplesWork runs the example clients, one of them with a library that we have not written, against a server that
// learns their documents from them, and against one that runs no others.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	documents, err := filepath.Abs("examples/documents")
	if err != nil {
		t.Fatal(err)
	}
	_, learning := serverOn(t, []string{"ECOSELLER_FOLDER=" + filepath.Join(openFolder(t), "data")})
	_, strict := serverOn(t, []string{"ECOSELLER_FOLDER=" + filepath.Join(openFolder(t), "data"), "REGISTERED_DOCUMENTS=" + documents})
	if answer := string(strict.post(t, `{"query": "{ priceLists { code } }"}`)); !strings.Contains(answer, "DOCUMENT_NOT_REGISTERED") {
		t.Errorf("what is not registered is answered with %s", answer)
	}
	typescript := buildTypeScript(t)
	for _, example := range []struct {
		name    string
		folder  string
		command []string
	}{
		// urql comes first, so that it has to send the documents.
		{"urql", typescript, []string{"node", "build/shop.js"}},
		{"curl", ".", []string{"bash", "examples/curl/shop.sh"}},
		{"Python", ".", []string{"python3", "examples/python/shop.py"}},
		{"Go", ".", []string{"go", "run", "./examples/go"}},
	} {
		if example.folder == "" {
			continue // it was said why
		}
		if _, err := exec.LookPath(example.command[0]); err != nil {
			t.Logf("the example in %s was not run: %v", example.name, err)
			continue
		}
		for _, server := range []api{learning, strict} {
			output := runExample(t, example.folder, "DOCUMENTS="+documents, append(example.command, "http://"+server.address, exampleText)...)
			if !strings.Contains(output, exampleHit) || !strings.Contains(output, exampleSKU) {
				t.Errorf("%s prints %s", example.name, output)
			}
			if example.name == "urql" && server == learning && !strings.Contains(output, "GET hash 200 no-store\nGET document 200 public, max-age=30") {
				t.Errorf("urql should have asked by a hash, then sent the document: %s", output)
			}
		}
	}
}

// buildTypeScript returns the folder with the example in TypeScript; it is empty where there is no Node.js, or where it
// cannot get the libraries.
func buildTypeScript(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Logf("the example in TypeScript was not run: %v", err)
		return ""
	}
	folder := t.TempDir()
	for _, name := range []string{"package.json", "tsconfig.json", "shop.ts"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(readFile(t, "examples/typescript/"+name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
	install.Dir = folder
	if output, err := install.CombinedOutput(); err != nil {
		t.Logf("the example in TypeScript was not run: npm install: %v\n%s", err, output)
		return ""
	}
	runExample(t, folder, "", "npm", "run", "build")
	return folder
}

func runExample(t *testing.T, folder, variable string, command ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	example := exec.CommandContext(ctx, command[0], command[1:]...)
	example.Dir = folder
	example.Env = append(os.Environ(), variable)
	var output, mistakes bytes.Buffer
	example.Stdout, example.Stderr = &output, &mistakes
	if err := example.Run(); err != nil {
		t.Fatalf("%v: %v\n%s%s", command, err, &output, &mistakes)
	}
	return output.String()
}
