package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// answerTimeout bounds one exchange; what takes longer is a failure.
const answerTimeout = 20 * time.Second

// client sends prepared requests over one connection that is kept. It does as little as can be done, since it has
// the processors together with what it measures: no headers become a map, no body is decoded.
type client struct {
	connection net.Conn
	reader     *bufio.Reader
	body       []byte
}

func dial(ctx context.Context, address string) (*client, error) {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return &client{connection: connection, reader: bufio.NewReaderSize(connection, 64<<10)}, nil
}

func (c *client) close() { _ = c.connection.Close() }

// do sends a request as it is and returns the status and the body, which holds until the next call.
func (c *client) do(request []byte) (status int, body []byte, err error) {
	if err := c.connection.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, nil, fmt.Errorf("set deadline: %w", err)
	}
	if _, err := c.connection.Write(request); err != nil {
		return 0, nil, fmt.Errorf("send: %w", err)
	}
	status, length, err := c.readHead()
	if err != nil {
		return 0, nil, err
	}
	c.body = c.body[:0]
	if length >= 0 {
		err = c.readBytes(length)
	} else {
		err = c.readChunks()
	}
	return status, c.body, err
}

// readHead returns the status and the length of the body; -1 when it comes in chunks.
func (c *client) readHead() (status, length int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, 0, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return 0, 0, fmt.Errorf("no status in %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, fmt.Errorf("read status: %w", err)
	}
	length = -2
	for {
		if line, err = c.line(); err != nil {
			return 0, 0, err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, 0, fmt.Errorf("read length: %w", err)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = -1
		}
	}
	if length == -2 {
		return 0, 0, errors.New("an answer without a length")
	}
	return status, length, nil
}

func (c *client) readChunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(line), 16, 32)
		if err != nil {
			return fmt.Errorf("read size of chunk: %w", err)
		}
		if err := c.readBytes(int(size)); err != nil {
			return err
		}
		if _, err := c.line(); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

func (c *client) readBytes(n int) error {
	start := len(c.body)
	if need := start + n; need > cap(c.body) {
		c.body = append(make([]byte, 0, 2*need), c.body...)
	}
	c.body = c.body[:start+n]
	if _, err := io.ReadFull(c.reader, c.body[start:]); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return nil
}

func (c *client) line() ([]byte, error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("read head: %w", err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// getRequest and postRequest write requests as they go over the line.
func getRequest(address, target string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, address)
}

func postRequest(address, target, headers string, body []byte) []byte {
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %d\r\n\r\n", target, address, headers, len(body))
	return append(head, body...)
}
