// A small design for synthesis: a register file, a multiplier in steps, a counter and a state machine.
module registers(input clk, input write, input [2:0] a, b, c, input [15:0] in, output [15:0] x, y);
  reg [15:0] file [0:7];
  always @(posedge clk) if (write) file[c] <= in;
  assign x = file[a];
  assign y = file[b];
endmodule

module multiplier(input clk, reset, start, input [15:0] x, y, output reg [31:0] product, output reg done);
  reg [15:0] left;
  reg [31:0] right;
  always @(posedge clk)
    if (reset) begin
      done <= 0;
      left <= 0;
      product <= 0;
    end else if (start) begin
      left <= x;
      right <= {16'b0, y};
      product <= 0;
      done <= 0;
    end else if (left != 0) begin
      if (left[0]) product <= product + right;
      left <= left >> 1;
      right <= right << 1;
    end else done <= 1;
endmodule

module pipeline(input clk, reset, input [15:0] instruction, output reg [15:0] result, output reg [7:0] count);
  localparam fetch = 0, multiply = 1, store = 2;
  reg [1:0] state;
  wire [15:0] x, y;
  wire [31:0] product;
  wire done;
  registers file(clk, state == store, instruction[2:0], instruction[5:3], instruction[8:6], result, x, y);
  multiplier unit(clk, reset, state == fetch, x, y, product, done);
  always @(posedge clk)
    if (reset) begin
      state <= fetch;
      count <= 0;
    end else case (state)
      fetch: state <= instruction[15] ? multiply : store;
      multiply: if (done) state <= store;
      store: begin
        state <= fetch;
        count <= count + 1;
      end
      default: state <= fetch;
    endcase
  always @(posedge clk)
    casez (instruction[15:12])
      4'b1???: result <= product[15:0];
      4'b01??: result <= x + y;
      4'b001?: result <= x - y;
      4'b0001: result <= x & y;
      default: result <= {x[7:0], y[15:8]} ^ {16{^y}};
    endcase
endmodule
