"""Small archives of Bruker (.brml) and Rigaku (.rasx): five points, and all that their readers look at."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

VIEWS = """
<RawDataView xsi:type="FixedRawDataView" Start="0" Length="1" LogicName="MeasuredTime" Unit="s" />
<RawDataView xsi:type="FixedRawDataView" Start="1" Length="1" LogicName="AbsorptionFactor" Unit="" />
<RawDataView xsi:type="VaryingRawDataView" Start="2" Length="2"><Varying LogicName="ScanAxes">
<FieldDefinitions FieldName="TwoTheta" AxisId="TwoTheta"><Restriction Unit="°" /></FieldDefinitions>
<FieldDefinitions FieldName="Theta" AxisId="Theta"><Restriction Unit="°" /></FieldDefinitions>
</Varying></RawDataView>
<RawDataView xsi:type="RecordedRawDataView" Start="4" Length="1">
<Recording LogicName="Counter"><Unit Prefix="None" Base="Counts" /></Recording></RawDataView>
"""
TUBE = """<Tube><WaveLengthAlpha1 Unit="Å" Value="1.5406" /><WaveLengthAlpha2 Unit="Å" Value="1.5444" />
<WaveLengthRatio Unit="" Value="0.5" /><TubeMaterial>Cu</TubeMaterial></Tube>"""
CHANNEL_CUT = '<InfoData><BeringInfo ClassPath="/Component/Optic/ChannelCut/B2" /></InfoData>'
POINTS = ["0.5,1,10,5,7", "0.5,1,10.1,5.05,8", "0.5,1,10.2,5.1,900", "0.5,1,10.3,5.15,8", "0.5,1,10.4,5.2,0"]


def raw_data(
    points: list[str] = POINTS, views: str = VIEWS, tube: str = TUBE, primary: str = "", secondary: str = ""
) -> str:
    """One scan of a .brml file, as XML."""
    datums = "".join(f"<Datum>{point}</Datum>" for point in points)
    return f"""<?xml version="1.0"?><RawData xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<TimeStampStarted>2024-03-12T15:02:00+02:00</TimeStampStarted><DataRoutes><DataRoute RouteFlag="Measured">
<ScanInformation ScanName="LockedCoupled" VisibleName="Coupled TwoTheta/Theta ">
<MeasurementPoints>5</MeasurementPoints></ScanInformation>{datums}<DataViews>{views}</DataViews></DataRoute>
</DataRoutes><FixedInformation><Instrument>
<PrimaryTracks><TrackInfoData><MountedOptics><InfoData>{tube}</InfoData>{primary}</MountedOptics></TrackInfoData>
</PrimaryTracks><SecondaryTracks><TrackInfoData><MountedOptics>{secondary}</MountedOptics></TrackInfoData>
</SecondaryTracks></Instrument></FixedInformation></RawData>"""


def brml_archive(*scans: str, listed: list[str] | None = None, folder: str = "") -> bytes:
    """A .brml file of scans, each as XML."""
    names = [f"Experiment0/RawData{number}.xml" for number in range(len(scans))]
    strings = "".join(f"<string>{name}</string>" for name in (listed or names))
    container = (
        f"<DataContainer><RawDataReferenceList>{strings}</RawDataReferenceList>"
        '<MeasurementInfo SampleName=" Film 7 " /></DataContainer>'
    )
    return _archive(
        {
            folder + "Experiment0/DataContainer.xml": container,
            **{folder + name: scan for name, scan in zip(names, scans, strict=True)},
        }
    )


def _archive(members: Mapping[str, str]) -> bytes:
    """An archive with the same bytes at any time: tests are named by them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name, text in members.items():
            opened.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


CONDITIONS = """<?xml version="1.0" encoding="utf-8"?><MeasurementConditions>
<GeneralInformation><SampleName>Film 7</SampleName></GeneralInformation>
<HWConfigurations><XrayGenerator><TargetName>Cu</TargetName><WaveType>Ka</WaveType>
<WavelengthKbeta>1.3922</WavelengthKbeta><WavelengthKalpha1>1.5406</WavelengthKalpha1>
<WavelengthKalpha2>1.5444</WavelengthKalpha2></XrayGenerator></HWConfigurations>
<Axes><Axis Name="Temp" Unit="C" Position="25" /><Axis Name="TwoTheta" Unit="deg" Position="20.3" />
<Axis Name="Omega" Unit="deg" Position="10" /></Axes>
<ScanInformation><AxisName>TwoThetaTheta</AxisName><Mode>CONTINUOUS</Mode><Step>0.1</Step><Speed>2</Speed>
<SpeedUnit>deg/min</SpeedUnit><PositionUnit>deg</PositionUnit><IntensityUnit>counts</IntensityUnit>
<StartTime>2024-03-12T15:02:00Z</StartTime></ScanInformation></MeasurementConditions>"""
PROFILE = "10.0\t7\t1\r\n10.1\t8\t1\r\n10.2\t900\t1\r\n10.3\t8\t1\r\n10.4\t0\t1\r\n"


def rasx_archive(profile: str = PROFILE, conditions: str = CONDITIONS) -> bytes:
    """A .rasx file of one scan."""
    return _archive(
        {
            "Data0/Profile0.txt": "\ufeff" + profile,
            "Data0/MesurementConditions0.xml": "\ufeff" + conditions,
            "root.xml": "<Root />",
        }
    )
