// The vector instructions by shape. The case names are the mnemonics; a raw value is the mandatory prefix (VEX.pp), the
// opcode map (VEX.mmmmm) and the opcode, 0xP_M_OO.

/// Two operands, the first of which is also the target in the legacy encoding.
enum VectorBinary: UInt32, CaseIterable {
  case addps = 0x0_1_58
  case mulps = 0x0_1_59
  case subps = 0x0_1_5C
  case minps = 0x0_1_5D
  case divps = 0x0_1_5E
  case maxps = 0x0_1_5F
  case addpd = 0x1_1_58
  case mulpd = 0x1_1_59
  case subpd = 0x1_1_5C
  case minpd = 0x1_1_5D
  case divpd = 0x1_1_5E
  case maxpd = 0x1_1_5F
  case addss = 0x2_1_58
  case mulss = 0x2_1_59
  case subss = 0x2_1_5C
  case minss = 0x2_1_5D
  case divss = 0x2_1_5E
  case maxss = 0x2_1_5F
  case addsd = 0x3_1_58
  case mulsd = 0x3_1_59
  case subsd = 0x3_1_5C
  case minsd = 0x3_1_5D
  case divsd = 0x3_1_5E
  case maxsd = 0x3_1_5F
  case andps = 0x0_1_54
  case andnps = 0x0_1_55
  case orps = 0x0_1_56
  case xorps = 0x0_1_57
  case andpd = 0x1_1_54
  case andnpd = 0x1_1_55
  case orpd = 0x1_1_56
  case xorpd = 0x1_1_57
  case punpcklbw = 0x1_1_60
  case punpcklwd = 0x1_1_61
  case punpckldq = 0x1_1_62
  case packsswb = 0x1_1_63
  case pcmpgtb = 0x1_1_64
  case pcmpgtw = 0x1_1_65
  case pcmpgtd = 0x1_1_66
  case packuswb = 0x1_1_67
  case punpckhbw = 0x1_1_68
  case punpckhwd = 0x1_1_69
  case punpckhdq = 0x1_1_6A
  case packssdw = 0x1_1_6B
  case punpcklqdq = 0x1_1_6C
  case punpckhqdq = 0x1_1_6D
  case pcmpeqb = 0x1_1_74
  case pcmpeqw = 0x1_1_75
  case pcmpeqd = 0x1_1_76
  case psrlw = 0x1_1_D1
  case psrld = 0x1_1_D2
  case psrlq = 0x1_1_D3
  case paddq = 0x1_1_D4
  case pmullw = 0x1_1_D5
  case psubusb = 0x1_1_D8
  case psubusw = 0x1_1_D9
  case pminub = 0x1_1_DA
  case pand = 0x1_1_DB
  case paddusb = 0x1_1_DC
  case paddusw = 0x1_1_DD
  case pmaxub = 0x1_1_DE
  case pandn = 0x1_1_DF
  case pavgb = 0x1_1_E0
  case psraw = 0x1_1_E1
  case psrad = 0x1_1_E2
  case pavgw = 0x1_1_E3
  case pmulhuw = 0x1_1_E4
  case pmulhw = 0x1_1_E5
  case psubsb = 0x1_1_E8
  case psubsw = 0x1_1_E9
  case pminsw = 0x1_1_EA
  case por = 0x1_1_EB
  case paddsb = 0x1_1_EC
  case paddsw = 0x1_1_ED
  case pmaxsw = 0x1_1_EE
  case pxor = 0x1_1_EF
  case psllw = 0x1_1_F1
  case pslld = 0x1_1_F2
  case psllq = 0x1_1_F3
  case pmuludq = 0x1_1_F4
  case pmaddwd = 0x1_1_F5
  case psubb = 0x1_1_F8
  case psubw = 0x1_1_F9
  case psubd = 0x1_1_FA
  case psubq = 0x1_1_FB
  case paddb = 0x1_1_FC
  case paddw = 0x1_1_FD
  case paddd = 0x1_1_FE
  case unpcklps = 0x0_1_14
  case unpckhps = 0x0_1_15
  case unpcklpd = 0x1_1_14
  case pshufb = 0x1_2_00
  case phaddw = 0x1_2_01
  case pmaddubsw = 0x1_2_04
  case pmulhrsw = 0x1_2_0B
  case pmuldq = 0x1_2_28
  case pcmpeqq = 0x1_2_29
  case packusdw = 0x1_2_2B
  case pcmpgtq = 0x1_2_37
  case pminsb = 0x1_2_38
  case pminsd = 0x1_2_39
  case pminuw = 0x1_2_3A
  case pminud = 0x1_2_3B
  case pmaxsb = 0x1_2_3C
  case pmaxsd = 0x1_2_3D
  case pmaxuw = 0x1_2_3E
  case pmaxud = 0x1_2_3F
  case pmulld = 0x1_2_40
  case sqrtss = 0x2_1_51
  case sqrtsd = 0x3_1_51
  case cvtsd2ss = 0x3_1_5A
  case cvtss2sd = 0x2_1_5A
}

/// One operand; or two of which none is written (comparisons).
enum VectorUnary: UInt32, CaseIterable {
  case sqrtps = 0x0_1_51
  case cvtps2pd = 0x0_1_5A
  case cvtdq2ps = 0x0_1_5B
  case sqrtpd = 0x1_1_51
  case cvtpd2ps = 0x1_1_5A
  case cvttpd2dq = 0x1_1_E6
  case cvttps2dq = 0x2_1_5B
  case cvtdq2pd = 0x2_1_E6
  case ucomiss = 0x0_1_2E
  case ucomisd = 0x1_1_2E
  case pabsb = 0x1_2_1C
  case pabsw = 0x1_2_1D
  case pabsd = 0x1_2_1E
  case pmovsxbw = 0x1_2_20
  case pmovsxwd = 0x1_2_23
  case pmovsxdq = 0x1_2_25
  case pmovzxbw = 0x1_2_30
  case pmovzxwd = 0x1_2_33
  case pmovzxdq = 0x1_2_35
  case ptest = 0x1_2_17
  case movddup = 0x3_1_12
  case vpbroadcastd = 0x1_2_58
  case vpbroadcastq = 0x1_2_59
  case vpbroadcastb = 0x1_2_78
  case vpbroadcastw = 0x1_2_79

  /// Whether there is a form without VEX.
  var hasLegacyForm: Bool {
    switch self {
    case .vpbroadcastb, .vpbroadcastw, .vpbroadcastd, .vpbroadcastq: false
    default: true
    }
  }
}

/// Two operands and a byte.
enum VectorBinaryImmediate: UInt32, CaseIterable {
  case cmpps = 0x0_1_C2
  case cmppd = 0x1_1_C2
  case cmpss = 0x2_1_C2
  case cmpsd = 0x3_1_C2
  case shufps = 0x0_1_C6
  case shufpd = 0x1_1_C6
  case palignr = 0x1_3_0F
  case pblendw = 0x1_3_0E
  case insertps = 0x1_3_21
  case roundss = 0x1_3_0A
  case roundsd = 0x1_3_0B
}

/// One operand and a byte.
enum VectorUnaryImmediate: UInt32, CaseIterable {
  case pshufd = 0x1_1_70
  case pshufhw = 0x2_1_70
  case pshuflw = 0x3_1_70
  case roundps = 0x1_3_08
  case roundpd = 0x1_3_09
}

/// Two operands and a vector whose lanes' sign bits choose the second (VEX alone; 0x66 and the map 0F3A).
enum VectorBlend: UInt32, CaseIterable {
  case vblendvps = 0x1_3_4A
  case vblendvpd = 0x1_3_4B
  case vpblendvb = 0x1_3_4C
}

/// The prefix, map and opcode in a raw value of the enumerations above.
struct VectorOpcode {
  let prefix: Assembler.Prefix
  let map: Assembler.Map
  let opcode: UInt8

  @inline(__always)
  init(_ raw: UInt32) {
    prefix = Assembler.Prefix(rawValue: UInt8(raw >> 12 & 3))!
    map = Assembler.Map(rawValue: UInt8(raw >> 8 & 3))!
    opcode = UInt8(raw & 0xFF)
  }
}
