package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"ecoseller/config"
)

// readmeExample is a request by curl and the answer that the README prints for it.
var readmeExample = regexp.MustCompile("(?s)```sh\ncurl [^`]*? -d '([^']*)'\n```\n\n```json\n([^`]*)\n```")

// TestReadmeTellsTheTruth sends what the README shows to a server as `go run .` starts it.
func TestReadmeTellsTheTruth(t *testing.T) {
	t.Parallel()
	examples := readmeExample.FindAllStringSubmatch(readFile(t, "README.md"), -1)
	if len(examples) < 3 {
		t.Fatalf("found %d examples", len(examples))
	}
	_, shop := serverOn(t, []string{"ECOSELLER_FOLDER=" + filepath.Join(openFolder(t), "data")})
	for _, example := range examples {
		var answer, want any
		if err := json.Unmarshal(shop.post(t, example[1]), &answer); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(example[2]), &want); err != nil {
			t.Fatalf("%s: %v", example[2], err)
		}
		if !reflect.DeepEqual(answer, want) {
			got, _ := json.Marshal(answer)
			t.Errorf("%s\nanswers %s\nREADME: %s", example[1], got, example[2])
		}
	}
}

func (a api) post(t *testing.T, body string) []byte {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+a.address+"/graphql", bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+a.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestReadmeNamesEveryVariable(t *testing.T) {
	t.Parallel()
	readme := readFile(t, "README.md")
	for _, name := range variablesOf(reflect.TypeFor[config.Config]()) {
		if !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

func variablesOf(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		if name := field.Tag.Get("env"); name != "" {
			names = append(names, name)
		} else if field.Type.Kind() == reflect.Struct {
			names = append(names, variablesOf(field.Type)...)
		}
	}
	return names
}

// TestReadmeNamesEveryCommand compares it with what the program knows.
func TestReadmeNamesEveryCommand(t *testing.T) {
	t.Parallel()
	readme := readFile(t, "README.md")
	for _, command := range commandLine().Commands {
		if !strings.Contains(readme, "`ecoseller "+command.Name) {
			t.Errorf("README.md does not name %s", command.Name)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
