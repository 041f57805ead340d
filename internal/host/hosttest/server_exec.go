package hosttest

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// Exec is a command as a Handler sees it.
type Exec struct {
	Command        string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

func (s *Server) session(server *ssh.ServerConn, channel ssh.NewChannel) {
	near, requests, err := channel.Accept()
	if err != nil {
		return
	}
	now := s.sessions.Add(1)
	for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
	}
	defer func() {
		_ = near.Close()
		s.sessions.Add(-1)
	}()
	for request := range requests {
		switch request.Type {
		case "exec":
			var exec struct{ Command string }
			if err := ssh.Unmarshal(request.Payload, &exec); err != nil {
				_ = request.Reply(false, nil)
				continue
			}
			_ = request.Reply(true, nil)
			s.execs.Add(1)
			go ssh.DiscardRequests(requests)
			s.finish(near, s.exec(server, exec.Command, near))
			return
		case "subsystem":
			allowed := !s.options.NoSFTP && s.options.ForceCommand == ""
			_ = request.Reply(allowed, nil)
			if allowed {
				go ssh.DiscardRequests(requests)
				s.sftp(near)
				return
			}
		default:
			_ = request.Reply(request.Type == "env", nil)
		}
	}
}

func (s *Server) sftp(channel ssh.Channel) {
	s.sftps.Add(1)
	server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(s.Dir))
	if err != nil {
		return
	}
	_ = server.Serve()
	_ = server.Close()
}

// finish tells how a command ended: a code, or a signal as a negative number.
func (s *Server) finish(channel ssh.Channel, code int) {
	if s.options.NoExitStatus {
		return
	}
	if code < 0 {
		_, _ = channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Name   string
			Core   bool
			Text   string
			Locale string
		}{Name: "TERM"}))
		return
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(code)}))
}

func (s *Server) exec(server *ssh.ServerConn, command string, channel ssh.Channel) int {
	if s.options.Noise != "" {
		_, _ = io.WriteString(channel, s.options.Noise)
	}
	if s.options.Handler != nil {
		return s.options.Handler(Exec{Command: command, Stdin: channel, Stdout: channel, Stderr: channel.Stderr()})
	}
	if s.options.ForceCommand != "" {
		command = s.options.ForceCommand
	}
	//nolint:noctx // running what the client says, for as long as it lasts, is what a shell server does
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.Dir = s.Dir
	cmd.Env = []string{"HOME=" + s.Dir, "PATH=" + s.binDir() + ":" + os.Getenv("PATH"), "SSH_CONNECTION=" + connection(server)}
	// sshd gives each command a session of its own.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = channel, channel.Stderr(), 3*time.Second
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		_, _ = io.WriteString(channel.Stderr(), err.Error())
		return 126
	}
	s.mu.Lock()
	s.children[cmd.Process.Pid] = true
	s.mu.Unlock()
	go func() {
		_, _ = io.Copy(stdin, channel)
		_ = stdin.Close()
	}()
	err = cmd.Wait()
	s.mu.Lock()
	delete(s.children, cmd.Process.Pid)
	s.mu.Unlock()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

func connection(server *ssh.ServerConn) string {
	text := ""
	for _, addr := range []net.Addr{server.RemoteAddr(), server.LocalAddr()} {
		host, port, err := net.SplitHostPort(addr.String())
		if err != nil {
			return ""
		}
		text += host + " " + port + " "
	}
	return text[:len(text)-1]
}

func hostPort(host string, port uint32) string {
	return net.JoinHostPort(host, strconv.FormatUint(uint64(port), 10))
}

// endChildren kills what commands are still running, with the process group that each leads.
func (s *Server) endChildren() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for pid := range s.children {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
	}
}
