package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/filelock"
)

// Files of the state directory. Those in enrolledDir belong to the service: its data about
// its devices, whatever the devices have. The rest is for the devices.
const (
	enrolledDir = "enrolled"
	fileCA      = "ca"     // + ".pem", + "-key.pem": signs the server certificate
	fileServer  = "server" // the same

	fileConnection = "service-connection-string" // + ".txt", or "-POLICY.txt"
	fileBearer     = "service-bearer-token.txt"
)

// store keeps an emulator's files. Without a directory it keeps nothing.
type store struct {
	dir       string // absolute, or "" for no files
	temporary bool   // made here, removed by close
	disk      atomicfile.Disk
	lock      *os.File // nil if nobody else can have the directory
}

// ErrStateInUse means that another emulator keeps its files in the state directory.
var ErrStateInUse = errors.New("another emulator uses the state directory")

// fileLock is the file that a running emulator locks. It stays, since another emulator may be waiting for it.
const fileLock = ".lock"

// reserve locks a directory that was given, until close: two emulators would overwrite each other's files.
func (s *store) reserve(ctx context.Context) error {
	if s.dir == "" || s.temporary {
		return nil
	}
	file, err := os.OpenFile(filepath.Join(s.dir, fileLock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("lock state directory: %w", err)
	}
	if !filelock.Lock(ctx, file) {
		return errors.Join(ErrStateInUse, file.Close())
	}
	s.lock = file
	return nil
}

// openStore creates the directory if needed: dir if given, otherwise a new temporary one if
// files are wanted, otherwise none.
func openStore(dir string, files bool, disk atomicfile.Disk) (*store, error) {
	if dir == "" && !files {
		return &store{disk: disk}, nil
	}
	if dir == "" {
		made, err := os.MkdirTemp("", "dpsdiag-emulator-")
		if err != nil {
			return nil, fmt.Errorf("make temporary state directory: %w", err)
		}
		return &store{dir: made, temporary: true, disk: disk}, nil
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find state directory: %w", err)
	}
	if err := os.MkdirAll(absolute, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	return &store{dir: absolute, disk: disk}, nil
}

// close removes a temporary directory. A directory that was given stays, and another emulator can have it.
func (s *store) close() error {
	if s.lock != nil {
		if err := s.lock.Close(); !errors.Is(err, os.ErrClosed) { // which a second call gets
			return err
		}
		return nil
	}
	if !s.temporary {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove state directory: %w", err)
	}
	return nil
}

// key returns the enrolled key of that name. The first call makes a random key; later calls
// and restarts return the same key, so that a device once set up stays enrolled.
func (s *store) key(name string, random *source) (dps.Key, error) {
	name = filepath.Join(enrolledDir, name+".key")
	text, err := s.read(name)
	if err != nil {
		return dps.Key{}, err
	}
	if text != nil {
		key, err := dps.ParseKey(dps.NewSecret(string(text)))
		if err != nil {
			return dps.Key{}, fmt.Errorf("read %s: %w", filepath.Join(s.dir, name), err)
		}
		return key, nil
	}
	key := random.key()
	_, err = s.writeSecret(name, []byte(key.Text().Reveal()))
	return key, err
}

// authority returns the CA of that name. The first call makes it with mint; later calls and
// restarts return the same CA, so that devices keep trusting it.
func (s *store) authority(name, subject string, mint mint) (*certified, error) {
	certText, err := s.read(name + ".pem")
	if err != nil {
		return nil, err
	}
	keyText, err := s.read(name + "-key.pem")
	if err != nil {
		return nil, err
	}
	if certText != nil && keyText != nil {
		ca, err := loadAuthority(certText, keyText, mint.now)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w; remove it and its key to have a new one", filepath.Join(s.dir, name+".pem"), err)
		}
		return ca, nil
	}
	ca, err := mint.authority(subject, nil)
	if err != nil {
		return nil, err
	}
	return ca, s.writeCertified(name, ca)
}

func loadAuthority(certText, keyText []byte, now time.Time) (*certified, error) {
	ca, err := parseCertified(certText, keyText)
	switch {
	case err != nil:
		return nil, err
	case !ca.cert.IsCA:
		return nil, errors.New("not a CA certificate")
	case now.Before(ca.cert.NotBefore), now.After(ca.cert.NotAfter):
		return nil, fmt.Errorf("valid only from %s to %s", ca.cert.NotBefore.Format(time.DateOnly), ca.cert.NotAfter.Format(time.DateOnly))
	}
	return ca, nil
}

// writeCertified writes name.pem and name-key.pem.
func (s *store) writeCertified(name string, c *certified) error {
	key, err := c.keyPEM()
	if err != nil {
		return err
	}
	if _, err := s.writeSecret(name+"-key.pem", key); err != nil {
		return err
	}
	_, err = s.writePublic(name+".pem", certsPEM(c.cert))
	return err
}

func (s *store) writePublic(name string, data []byte) (string, error) {
	return s.write(name, data, 0o644)
}

func (s *store) writeSecret(name string, data []byte) (string, error) {
	return s.write(name, data, 0o600)
}

// read returns nil without an error if there is no such file or no directory.
func (s *store) read(name string) ([]byte, error) {
	if s.dir == "" {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	return data, nil
}

// write writes a file in one step, so that a reader sees the complete file with the correct
// mode or none, and returns its absolute path. Without a directory it does nothing.
func (s *store) write(name string, data []byte, mode fs.FileMode) (path string, err error) {
	if s.dir == "" {
		return "", nil
	}
	path = filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("write state: %w", err)
	}
	if err := replaceFile(s.disk, path, data, mode); err != nil {
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	return path, nil
}

func replaceFile(disk atomicfile.Disk, path string, data []byte, mode fs.FileMode) error {
	return atomicfile.Write(disk, path, mode, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
