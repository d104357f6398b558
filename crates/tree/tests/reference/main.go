// Writes what sigs.k8s.io/yaml makes of each text in ../values.jsonl into that file: `go run .` in this folder.
// To add a text, add a line `{"yaml":"..."}` first.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"os"

	"sigs.k8s.io/yaml"
)

const table = "../values.jsonl"

type row struct {
	YAML  string          `json:"yaml"`
	JSON  json.RawMessage `json:"json,omitempty"`
	Error bool            `json:"error,omitempty"`
}

func main() {
	in, err := os.ReadFile(table)
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	write := json.NewEncoder(&out)
	write.SetEscapeHTML(false)
	lines := bufio.NewScanner(bytes.NewReader(in))
	for lines.Scan() {
		var text row
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			log.Fatal(err)
		}
		value, err := yaml.YAMLToJSON([]byte(text.YAML))
		if err := write.Encode(row{YAML: text.YAML, JSON: value, Error: err != nil}); err != nil {
			log.Fatal(err)
		}
	}
	if err := os.WriteFile(table, out.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
