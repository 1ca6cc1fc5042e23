package plain

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

func TestRedisAnswersWhatClientsAskFirst(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	go serveRedis(server)
	reader := bufio.NewReader(client)
	for _, test := range []struct{ asked, answered string }{
		{"PING\r\n", "+PONG"},
		{"*1\r\n$4\r\nping\r\n", "+PONG"},
		{"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n", "+OK"},
		{"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n", "-ERR the rehearsal's stand-in keeps nothing"},
		{"INFO\r\n", "$"},
	} {
		if _, err := io.WriteString(client, test.asked); err != nil {
			t.Fatal(err)
		}
		line, err := reader.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, test.answered) {
			t.Errorf("%q is answered with %q, %v", test.asked, line, err)
		}
	}
}
