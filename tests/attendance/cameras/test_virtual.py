"""Programs that pose as cameras: told by their names, and on Linux by where the system keeps them."""

import pytest

from attendance.cameras import is_virtual, parse_address, shown_label, virtual_device

PROGRAMS = (
    "OBS Virtual Camera",
    "OBS-Camera",
    "OBS Virtual Camera (m-de:vice)",
    "OBSBOT Virtual Camera",
    "ManyCam Virtual Webcam",
    "ManyCam Video Source",
    "XSplit VCam",
    "e2eSoft iVCam",
    "Snap Camera",
    "Dummy video device (0x0000)",
    "v4l2loopback: virtual device",
    "Loopback video device",
    "vivid-000-vid-cap",
    "DroidCam Source 3",
    "DroidCam",
    "Iriun Webcam",
    "EpocCam Camera",
    "mmhmm Camera",
    "Camera (NVIDIA Broadcast)",
    "CamTwist (2VUY)",
    "SplitCam Video Driver",
    "CyberLink YouCam 7",
    "AlterCam Virtual Camera",
    "Unity Video Capture",
    "Galaxy S21 (Windows Virtual Camera)",
    "NDI Webcam Video 1",
    "Camo",
    "  obs   virtual\tCAMERA ",
)
CAMERAS = (
    "",
    "Integrated Camera (5986:2113)",
    "HD Pro Webcam C920 (046d:082d)",
    "FaceTime HD Camera (Built-in)",
    "iPhone Camera",
    "OBSBOT Tiny 2",
    "Intel(R) RealSense(TM) 3D Camera Virtual Driver",
    "Logitech BRIO",
    "USB2.0 HD UVC WebCam: USB2.0 HD",
    "camera2 1, facing front",
    "Camouflage Cam",
    "Vividcam 8400",
    "fake_device_0",
)


@pytest.mark.parametrize("label", PROGRAMS)
def test_programs_are_known_by_their_names(label):
    """However they are written, and whatever a browser adds to them."""
    assert is_virtual(label)


@pytest.mark.parametrize("label", CAMERAS)
def test_cameras_are_taken_for_no_program(label):
    """Also where a word of theirs begins as a program's does; what a browser shows in tests is none of them."""
    assert not is_virtual(label)


def test_a_label_is_shown_in_one_short_line():
    """Whatever a page has sent."""
    assert "OBS Virtual Camera" == shown_label(" OBS\nVirtual \x00 Camera\u202e")
    assert 100 == len(shown_label("x" * 400))


@pytest.fixture
def system(tmp_path):
    """A stand-in for /sys: ``system(number, name, bus)`` puts a device there."""

    def add(number, name, bus):
        device = tmp_path / "devices" / bus / "video4linux" / f"video{number}"
        device.mkdir(parents=True)
        (device / "name").write_text(f"{name}\n")
        there = tmp_path / "class" / "video4linux"
        there.mkdir(parents=True, exist_ok=True)
        (there / f"video{number}").symlink_to(device)
        return tmp_path

    return add


def test_a_device_without_a_bus_is_a_program(system):
    """Under whatever name; a camera hangs on one, and a program on a bus of its own is known by its name."""
    place = system(0, "Integrated Camera: Integrated C", "pci0000:00/0000:00:14.0/usb1/1-8/1-8:1.0")
    system(1, "Front door", "virtual")
    system(2, "vivid-000-vid-cap", "platform/vivid.0")
    system(3, "", "virtual")
    found = [virtual_device(parse_address(str(number)), place) for number in range(5)]
    assert [None, "Front door", "vivid-000-vid-cap", "video3", None] == found


def test_a_device_may_be_named_by_its_path(system):
    """As /dev/video1, or by a link to it as udev makes them."""
    place = system(1, "OBS", "virtual")
    from attendance.cameras.address import Address, Kind

    link = place / "by-id"
    link.symlink_to("/dev/video1")
    found = [virtual_device(Address(Kind.DEVICE, path, path), place) for path in ("/dev/video1", str(link))]
    assert ["OBS", "OBS"] == found


def test_streams_and_files_tell_nothing(system, tmp_path):
    """Nor does a system that keeps no names."""
    place = system(1, "OBS", "virtual")
    (tmp_path / "video1").write_bytes(b"")
    assert None is virtual_device(parse_address("rtsp://video1/video1"), place)
    assert None is virtual_device(parse_address(str(tmp_path / "video1")), place)
    assert None is virtual_device(parse_address("1"), tmp_path / "nowhere")
